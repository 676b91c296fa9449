import type { VmEnd } from '../vmm/vmm.ts'

const words = { 'powered-off': 'it powered off', killed: 'it was ended', crashed: 'it crashed' } as const satisfies Record<
  VmEnd,
  string
>

/** How a VM ended, as the beginning of a sentence about its machine. */
export const howItEnded = (end: VmEnd): string => words[end]
