import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Accelerator } from '../vmm/vmm.ts'

/** Bound of the code cache of TCG: 128 boots as fast as the default, which grows to 1.2 GiB a VM (measured). */
export const jitCacheMiB = 128

/** QEMU itself: its heap, stacks and buffers, and qcow2's tables in memory. */
const qemuMiB = 96

/** What a VM may take of the host's memory besides its RAM. Undecided yet is counted as TCG, which takes more. */
export const overheadMiB = (accelerator: Accelerator | null): number => {
  switch (accelerator) {
    case 'fake':
      return 0
    case 'kvm':
      return qemuMiB
    default:
      return qemuMiB + jitCacheMiB
  }
}

/**
 * Bytes of memory that a run may come to need: what admission counts and what its control group is bounded to. The one place of this rule: machines that share
 * pages (resumed from one snapshot) are counted whole, since a guest may write to all of its RAM at any time.
 */
export const runMemoryBytes = ({ machines }: Pick<RunPlan, 'machines'>, accelerator: Accelerator | null): number =>
  machines.reduce((sum, { ramMiB }) => sum + ramMiB + overheadMiB(accelerator), 0) * 1024 ** 2
