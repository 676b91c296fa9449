import { machineUnreachable } from '@ramet/model/errors/errors.ts'
import { syncGuest } from '../guest/agent/sync-guest.ts'
import type { LiveMachine } from './live-run.ts'

/** How long to wait for a link that was just lost (a restarted server). */
export const answersWithinMs = 5_000

/** Machines of a run that are on, told apart before their memory is taken. */
export interface Answers {
  readonly answering: readonly LiveMachine[]
  /** Booting, frozen or broken: their memory is of no use to a later start, so they boot then. */
  readonly silent: readonly LiveMachine[]
}

/** Asks all machines at once. Throws `machine_unreachable` when none of them answers: there is no memory worth keeping. */
export async function whoAnswers(machines: readonly LiveMachine[], signal: AbortSignal): Promise<Answers> {
  const answered = await Promise.all(
    machines.map(({ link }) =>
      link.ready(AbortSignal.any([signal, AbortSignal.timeout(answersWithinMs)])).then(
        () => true,
        () => false,
      ),
    ),
  )
  signal.throwIfAborted()
  return split(machines, (_, index) => answered[index] === true)
}

/**
 * Syncs the filesystems of all machines that answer, at once. One that stops answering meanwhile is silent from then on. Throws the error of a machine that answers and
 * cannot be synced within `withinMs`.
 */
export async function syncAll({ answering, silent }: Answers, withinMs: number): Promise<Answers> {
  const lost = new Set<LiveMachine>()
  await Promise.all(
    answering.map(async (machine) => {
      try {
        await syncGuest(machine.link, withinMs)
      } catch (error) {
        if (machine.link.isReady) throw error
        lost.add(machine)
      }
    }),
  )
  return split([...answering, ...silent], (machine) => answering.includes(machine) && !lost.has(machine))
}

function split(machines: readonly LiveMachine[], answers: (machine: LiveMachine, index: number) => boolean): Answers {
  const answering = machines.filter(answers)
  const [first] = machines
  if (first && answering.length === 0) throw machineUnreachable(first.name, 'its memory cannot be taken as it does not answer.')
  return { answering, silent: machines.filter((machine) => !answering.includes(machine)) }
}
