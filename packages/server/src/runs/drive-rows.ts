import type { RunPlan } from '@ramet/model/plan/run-plan.ts'

/** Returns all drives of a run's machines, in the order of its plan. */
export const plannedDrives = (machines: RunPlan['machines']) =>
  machines.flatMap(({ name, drives }) => drives.map((drive, index) => ({ machine: name, index, drive })))

/** A drive that keeps nothing when its machine is switched off. It has no row then, and the next start makes it anew. */
export const isTransient = (machines: RunPlan['machines'], machine: string, index: number): boolean =>
  machines.find(({ name }) => name === machine)?.drives[index]?.persistent === false
