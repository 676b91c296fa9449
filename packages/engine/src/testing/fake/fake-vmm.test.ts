import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vmmConformance } from '../vmm-conformance.ts'
import { fakeGuests } from './fake-guests.ts'
import { fakeVmm } from './fake-vmm.ts'

vmmConformance(async () => ({
  vmm: fakeVmm,
  timeoutMs: 20_000,
  starter: { module: join(import.meta.dirname, 'fake-vmm.ts'), export: 'startFakeVm' },
  async makeSpec() {
    const folder = await mkdtemp(join(tmpdir(), 'ramet-fake-'))
    const source = { kind: 'qcow2-chain', files: [join(folder, 'overlay')] } as const
    const drive = { serial: 'drive-0', readOnly: false, source }
    return {
      runId: 'run',
      machine: 'one',
      folder,
      cpuCount: 1,
      ramMiB: 64,
      kernel: '',
      initrd: '',
      commandLine: [],
      drives: [drive],
      interfaces: [],
    }
  },
  async untilUp(vm) {
    const link = fakeGuests.link(vm)
    await link.ready(AbortSignal.timeout(20_000)).finally(() => link.close())
  },
  // Its guest obeys from the first moment.
  async untilObedient() {},
  async tell(vm, _, command) {
    const console = await fakeGuests.console(vm)
    await new Promise<void>((resolve) => console.write(`${command}\n`, () => resolve()))
    console.end()
  },
  async makeOverlay({ folder }) {
    const file = join(folder, randomUUID())
    await writeFile(file, '')
    return file
  },
  async dispose({ folder }) {
    await rm(folder, { recursive: true, force: true })
  },
}))
