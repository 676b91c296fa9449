import type { RametError } from '@ramet/model/errors/error.ts'
import { notEnoughCpus } from '@ramet/model/errors/errors.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'

/**
 * Returns why a new run cannot have its machines here: one has more CPUs than the host has threads. Pure. It is refused and not given fewer: CPUs of one guest
 * that wait for each other on one thread only spin, a count that is not the manifest's would surprise what runs inside, and the manifest is its owner's to
 * change. A run that exists already keeps its machines, since its memory and its drives know them.
 */
export function refusalOfCpus({ machines }: Pick<RunPlan, 'machines'>, hostThreads: number): RametError | undefined {
  const biggest = machines.toSorted((a, b) => b.cpuCount - a.cpuCount)[0]
  return biggest && biggest.cpuCount > hostThreads ? notEnoughCpus(biggest.name, biggest.cpuCount, hostThreads) : undefined
}
