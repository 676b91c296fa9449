import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Vmm } from '../vmm/vmm.ts'

/** The part of a machine's Vmm that accounts for memory. */
export type MemoryOfVm = (machine: string) => Pick<Vmm, 'overheadMiB'>

/**
 * Returns the bytes of memory that a run may come to need. Admission counts them, and the control group is limited to them. Machines that share
 * pages (resumed from one snapshot) are counted in full, since a guest may write to all of its RAM at any time.
 */
export const runMemoryBytes = ({ machines }: Pick<RunPlan, 'machines'>, vmmFor: MemoryOfVm): number =>
  machines.reduce((sum, { name, ramMiB }) => sum + ramMiB + vmmFor(name).overheadMiB, 0) * 1024 ** 2
