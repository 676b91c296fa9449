import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { qemuDisks } from '../disk/qemu-disks.ts'
import { root } from '../disk/vm-user.ts'
import { settledCommand } from '../guest/agent/settled.ts'
import { realGuests } from '../guest/guests.ts'
import { cut } from '../snapshot/take.ts'
import type { VmDrive, VmMemory, VmSpec } from '../vmm/vmm.ts'
import { makeTestSpec, startTestVm } from './test-vm.ts'

const bootsWithinMs = 180_000
const driveBytes = 20 * 1024 ** 3

interface Kept {
  readonly spec: VmSpec
  readonly memory: VmMemory
}

let kept: Promise<Kept> | undefined

/**
 * A VM that goes on where a booted one was whose guest had settled: one boot for all tests of a process, and a fraction of a second for each. Started, it stands
 * still until it is told to go on, as every VM that resumes.
 */
export async function makeSettledSpec(): Promise<VmSpec> {
  kept ??= boot()
  const { spec, memory } = await kept
  const disks = qemuDisks(root)
  const folder = await mkdtemp(join(tmpdir(), 'rt-vm-'))
  await disks.makeVmFolder(folder)
  const overlay = join(folder, 'overlay.qcow2')
  await disks.makeOverlay(overlay, undefined, driveBytes)
  const [drive, ...others] = spec.drives as [VmDrive, ...VmDrive[]]
  const files = drive.source.kind === 'qcow2-chain' ? drive.source.files : []
  return {
    ...spec,
    runId: randomBytes(12).toString('hex'),
    folder,
    drives: [{ ...drive, source: { kind: 'qcow2-chain', files: [overlay, ...files] } }, ...others],
    resume: memory,
  }
}

/** What all of them stand on. For the end of the process's tests. */
export async function forgetSettledSpec(): Promise<void> {
  const made = await kept?.catch(() => undefined)
  if (made) await rm(made.spec.folder, { recursive: true, force: true })
}

async function boot(): Promise<Kept> {
  const spec = await makeTestSpec()
  const vm = await startTestVm(spec)
  try {
    const link = realGuests().link(vm)
    try {
      await link.ready(AbortSignal.timeout(bootsWithinMs))
      await link.run(settledCommand(bootsWithinMs / 1000), { timeoutMs: bootsWithinMs })
    } finally {
      link.close()
    }
    const memory: VmMemory = { ramFile: join(spec.folder, 'kept.ram'), stateFile: join(spec.folder, 'kept.state') }
    const atCut = join(spec.folder, 'at-cut.qcow2')
    await qemuDisks(root).makeOverlay(atCut, undefined, driveBytes)
    await cut([{ name: spec.machine, vm, memory, overlays: [{ driveIndex: 0, file: atCut }] }], { afterwards: 'stay-paused' })
    return { spec, memory }
  } finally {
    await vm.kill()
    vm.release()
  }
}
