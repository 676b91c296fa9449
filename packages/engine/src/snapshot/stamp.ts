import { createHash } from 'node:crypto'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'

/** Identifies what memory was taken on. It can be resumed only on the same: device state and CPU state mean nothing elsewhere. */
export interface HostStamp {
  /** Accelerator, model and flags of the host's CPU. */
  readonly cpu: string
  /** Version and digest of the program that is the VM. */
  readonly vmm: string
}

export interface SnapshotStamp extends HostStamp {
  /** Folder name of the kernel pack. The guests have its modules open on a drive. */
  readonly kernelPack: string
  /** Result of `shapeOf`. */
  readonly shape: string
}

/** Hashes the parts of a VM that its device state depends on. Pure. */
export function shapeOf({ machines }: Pick<RunPlan, 'machines'>): string {
  const shape = machines.map(({ name, cpuCount, ramMiB, drives, interfaces }) => [
    name,
    cpuCount,
    ramMiB,
    drives.map(({ sizeBytes, readOnly }) => [sizeBytes, readOnly]),
    interfaces.map(({ mac }) => mac),
  ])
  return createHash('sha256').update(JSON.stringify(shape)).digest('hex')
}

const says: Record<keyof SnapshotStamp, string> = {
  cpu: 'this host’s CPU is another one',
  vmm: 'QEMU is another one',
  kernelPack: 'the kernel is another one',
  shape: 'its machines were of another shape',
}

/** Returns why memory with the stamp `was` cannot be resumed where the stamp is `is`, as part of a sentence; undefined when it can. Pure. */
export function whyNotHere(was: SnapshotStamp, is: SnapshotStamp): string | undefined {
  const other = (Object.keys(says) as (keyof SnapshotStamp)[]).find((key) => was[key] !== is[key])
  return other && says[other]
}
