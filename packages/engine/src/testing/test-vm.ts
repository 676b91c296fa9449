import { randomBytes } from 'node:crypto'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { qemuDisks } from '../disk/qemu-disks.ts'
import { root } from '../disk/vm-user.ts'
import { kernelWords } from '../guest/boot/kernel-words.ts'
import { ImageLibrary } from '../image/library.ts'
import { planNetwork } from '../network/plan.ts'
import { writeInitrd } from '../run/initrd.ts'
import { modulesSerial } from '../run/vm-spec.ts'
import { hostTscKhz } from '../vmm/host-khz.ts'
import { qemuVmm } from '../vmm/qemu/qemu.ts'
import type { Vm, VmSpec } from '../vmm/vmm.ts'
import { oneMachinePlan } from './one-machine-plan.ts'
import { testUids } from './test-uids.ts'

/** For tests: one bare VM without networks on the real image and kernel pack, which all tests share. */
export const testCache = process.env.RAMET_TEST_CACHE ?? '/var/cache/ramet-test'

const gib = 1024 ** 3
const plan = oneMachinePlan([])

export async function testVmm() {
  return qemuVmm({
    uids: testUids,
    cacheFolder: testCache,
    tscKhz: await hostTscKhz(),
    accelerator: { known: () => 'tcg', decide: async () => 'tcg' },
  })
}

export async function makeTestSpec(): Promise<VmSpec> {
  const library = await ImageLibrary.open(testCache)
  const [pack, image] = await Promise.all([library.requireKernelPack(), library.requireImage('debian-stable')])
  const folder = await mkdtemp(join(tmpdir(), 'rt-vm-'))
  const disks = qemuDisks(root)
  await disks.makeVmFolder(folder)
  const initrd = join(folder, 'initrd')
  await writeInitrd(initrd, pack, plan, planNetwork('r0000-1', '198.18.0.0/28', plan), 0)
  const overlay = join(folder, 'overlay.qcow2')
  await disks.makeOverlay(overlay, { file: image.disk, format: 'qcow2', sizeBytes: image.sizeBytes }, 20 * gib)
  return {
    runId: randomBytes(12).toString('hex'),
    machine: 'one',
    folder,
    cpuCount: 1,
    ramMiB: 512,
    kernel: pack.kernel,
    initrd,
    commandLine: kernelWords,
    drives: [
      {
        serial: 'drive-0',
        readOnly: false,
        source: { kind: 'qcow2-chain', files: [overlay, image.disk] },
      },
      { serial: modulesSerial, readOnly: true, source: { kind: 'raw-file', file: pack.modules } },
    ],
    interfaces: [],
  }
}

/** For the conformance suite's other process. */
export async function startTestVm(spec: VmSpec): Promise<Vm> {
  return (await testVmm()).start(spec)
}
