import { join } from 'node:path'
import type { KernelPack } from '../image/cache/artefact.ts'
import type { NetworkPlan } from '../network/network.ts'
import type { VmDrive, VmSpec } from '../vmm/vmm.ts'
import { initrdFile, machineFolder, overlaysFolder } from './run-folder.ts'
import type { DriveRecord, RunRecord } from './run-record.ts'

/** virtio-blk serial of the drive that holds /lib/modules. It comes after the machine's own drives. */
export const modulesSerial = 'ramet-modules'

function vmDrive(home: string, runId: string, drive: DriveRecord, readOnly: boolean): VmDrive {
  const files = drive.layers.map(({ file }) => join(home, file))
  if (drive.overlay !== undefined) files.unshift(join(overlaysFolder(home, runId), drive.overlay))
  const [overlay, ...below] = files
  if (overlay === undefined) throw new Error(`drive ${drive.index} of ${drive.machine} has neither layers nor an overlay`)
  return { serial: `drive-${drive.index}`, readOnly, source: { kind: 'qcow2-chain', files: [overlay, ...below] } }
}

/** Builds the VM description of one machine for its Vmm; pure. */
export function vmSpec(
  home: string,
  run: RunRecord,
  machineName: string,
  network: NetworkPlan,
  pack: KernelPack,
  commandLine: readonly string[],
): VmSpec {
  const index = run.plan.machines.findIndex((machine) => machine.name === machineName)
  const machine = run.plan.machines[index]
  const planned = network.machines.find((candidate) => candidate.name === machineName)
  if (!machine || !planned) throw new Error(`the plan of run ${run.id} has no machine ${machineName}`)
  const drives = run.drives
    .filter((drive) => drive.machine === machineName)
    .toSorted((a, b) => a.index - b.index)
    .map((drive) => vmDrive(home, run.id, drive, machine.drives[drive.index]?.readOnly ?? false))
  return {
    runId: run.id,
    machine: machineName,
    folder: machineFolder(home, run.id, index),
    cpuCount: machine.cpuCount,
    ramMiB: machine.ramMiB,
    kernel: pack.kernel,
    initrd: initrdFile(home, run.id, index),
    commandLine,
    drives: [...drives, { serial: modulesSerial, readOnly: true, source: { kind: 'raw-file', file: pack.modules } }],
    interfaces: planned.interfaces.map(({ tap, mac }) => ({ tap, mac })),
    namespace: network.name,
  }
}
