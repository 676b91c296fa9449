import type { RunPlan } from '@ramet/model/plan/run-plan.ts'

/** Returns all drives of a run's machines, in the order of its plan. */
export const plannedDrives = (machines: RunPlan['machines']) =>
  machines.flatMap(({ name, drives }) => drives.map((drive, index) => ({ machine: name, index, drive })))
