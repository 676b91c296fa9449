import { createHash } from 'node:crypto'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'

/** What a memory was taken on, and must be resumed on: device state and CPU state mean nothing elsewhere. */
export interface HostStamp {
  /** Accelerator, model and flags of the host's CPU. */
  readonly cpu: string
  /** Version and digest of the program that is the VM. */
  readonly vmm: string
}

export interface SnapshotStamp extends HostStamp {
  /** Folder name of the pack that its kernels run from: their modules are open on a drive. */
  readonly kernelPack: string
  /** Of `shapeOf`. */
  readonly shape: string
}

/** Hash of what a VM is made of, as its device state knows it. Pure. */
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

/** Why a memory with the stamp `was` cannot go on where the stamp is `is`, as a part of a sentence; undefined when it can. Pure. */
export function whyNotHere(was: SnapshotStamp, is: SnapshotStamp): string | undefined {
  const other = (Object.keys(says) as (keyof SnapshotStamp)[]).find((key) => was[key] !== is[key])
  return other && says[other]
}
