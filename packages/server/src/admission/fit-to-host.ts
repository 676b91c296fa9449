import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { MemoryRule } from './admission.ts'

/** What this host can give to one run when no other is on. */
export interface HostShare extends Pick<MemoryRule, 'totalBytes' | 'bytesOf'> {
  readonly hostThreads: number
}

/** A machine that says more is not brought below this: hardly a distribution boots with less. */
const leastRamMiB = 256
/** Steps of the search for the greatest share. Finer ones would be below a MiB for most machines. */
const steps = 4096

/**
 * A plan whose machines fit this host, with a notice for each change. Pure. This is the one rule for resources beyond the host, of CPUs and memory alike: what
 * is asked for is a wish, as for the original of the format, whose authors write what its hosts have.
 *
 * - Memory cannot be shared between machines, so it is divided: every machine gets the same share of its wish, at least 256 MiB (or its wish, where that is less).
 *   Where even that is too much the plan comes back with its wishes, and admission refuses the run with `not_enough_memory`.
 * - CPUs are shared in time, so nothing has to be divided: a machine gets its wish, up to the host's threads. More would make CPUs of one guest wait for each
 *   other on one thread, and a guest that holds a lock there only spins.
 *
 * Only the host counts and not what other runs have at the moment, or the same playground would be another one each time: beside others a run that does not fit
 * is refused, and told what to stop. A run that exists keeps its machines, since its memory and its drives know them.
 */
export function fitToHost(plan: RunPlan, host: HostShare): RunPlan {
  const wishes = plan.machines
  const cpus = wishes.map(({ cpuCount }) => Math.min(cpuCount, host.hostThreads))
  const withShare = (share: number): RunPlan => ({
    ...plan,
    machines: wishes.map((machine, index) => ({
      ...machine,
      cpuCount: cpus[index] ?? 1,
      ramMiB: Math.max(Math.min(machine.ramMiB, leastRamMiB), Math.floor((machine.ramMiB * share) / steps)),
    })),
  })
  const fits = (share: number) => host.bytesOf(withShare(share)) <= host.totalBytes
  // The least share fits, the one above the greatest does not; or all or none do.
  let [least, most] = [0, steps]
  if (fits(most) || !fits(least)) least = most
  while (most - least > 1) {
    const middle = Math.floor((least + most) / 2)
    if (fits(middle)) least = middle
    else most = middle
  }
  const fitted = withShare(least)
  const notices = [
    ...cpuNotices(wishes, fitted.machines, host.hostThreads),
    ...memoryNotices(wishes, fitted.machines, host.totalBytes),
  ]
  return notices.length === 0 ? plan : { ...fitted, notices: [...(plan.notices ?? []), ...notices] }
}

type Machines = RunPlan['machines']

/** Each machine that has something else than it wished, as a sentence’s part. */
function changes(wishes: Machines, given: Machines, of: (machine: Machines[number]) => string): string[] {
  return wishes.flatMap((wish, index) => {
    const machine = given[index]
    return machine === undefined || of(wish) === of(machine) ? [] : [`${wish.name} has ${of(machine)} instead of ${of(wish)}`]
  })
}

function cpuNotices(wishes: Machines, given: Machines, hostThreads: number): string[] {
  const changed = changes(wishes, given, ({ cpuCount }) => `${cpuCount} CPU${cpuCount === 1 ? '' : 's'}`)
  return changed.length === 0 ? [] : [`The host has ${hostThreads} CPUs: ${changed.join(', ')}.`]
}

function memoryNotices(wishes: Machines, given: Machines, totalBytes: number): string[] {
  const changed = changes(wishes, given, ({ ramMiB }) => formatBytes(ramMiB * 1024 ** 2))
  return changed.length === 0 ? [] : [`The host has ${formatBytes(totalBytes)} of memory for runs: ${changed.join(', ')}.`]
}
