import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Vmm } from '../vmm/vmm.ts'

/** The Vmm of a machine, as far as memory is concerned. */
export type MemoryOfVm = (machine: string) => Pick<Vmm, 'overheadMiB'>

/**
 * Bytes of memory that a run may come to need: what admission counts and what its control group is limited to. The one place of this rule: machines that share
 * pages (resumed from one snapshot) are counted whole, since a guest may write to all of its RAM at any time.
 */
export const runMemoryBytes = ({ machines }: Pick<RunPlan, 'machines'>, vmmFor: MemoryOfVm): number =>
  machines.reduce((sum, { name, ramMiB }) => sum + ramMiB + vmmFor(name).overheadMiB, 0) * 1024 ** 2
