import type { PlannedInterface, PlannedMachine } from './network.ts'

/** The interface that the host reaches a machine by: the first with a way back, else its first. */
export const entrance = (machine: PlannedMachine): PlannedInterface | undefined =>
  machine.interfaces.find((item) => item.gateway !== undefined) ?? machine.interfaces[0]
