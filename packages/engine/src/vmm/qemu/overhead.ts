import type { Accelerator } from '../vmm.ts'

/** Bound of the code cache of TCG: 128 boots as fast as the default, which grows to 1.2 GiB a VM (measured). */
export const jitCacheMiB = 128

/** QEMU itself: its heap, stacks and buffers, and qcow2's tables in memory. */
const qemuMiB = 96

/** What one QEMU may take of the host's memory besides the guest's RAM. Undecided yet is counted as TCG, which takes more. */
export const overheadMiB = (accelerator: Accelerator | null): number => (accelerator === 'kvm' ? qemuMiB : qemuMiB + jitCacheMiB)
