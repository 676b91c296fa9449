import type { Accelerator } from '../vmm.ts'

/** Bound of the code cache of TCG: 128 boots as fast as the default, which grows to 1.2 GiB a VM (measured). */
export const jitCacheMiB = 128

/** Memory of QEMU itself: heap, stacks and buffers, and qcow2's tables. */
const qemuMiB = 96

/** Returns the most host memory that one QEMU uses besides the guest's RAM. An undecided accelerator counts as TCG, which uses more. */
export const overheadMiB = (accelerator: Accelerator | null): number => (accelerator === 'kvm' ? qemuMiB : qemuMiB + jitCacheMiB)
