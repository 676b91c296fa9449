import { waitForPlay } from '@ramet/client/wait-for-play.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { failedBoot, type Goal, progressOf, taskProgressOf, whyUnreachable } from '@ramet/model/run/goals.ts'
import { type Context, interruptible } from './context.ts'
import { createProgress, silence } from './progress.ts'

export interface WaitOptions {
  readonly quiet?: boolean | undefined
  /** Absent: as long as it takes. Then `timed_out`. */
  readonly timeoutMs?: number | undefined
  /** What is told while waiting. */
  readonly about?: 'run' | 'tasks'
}

const timedOut = (timeoutMs: number) => new RametError('timed_out', 504, `That took longer than ${timeoutMs / 1000} s.`)

/** Waits until the run reaches the goal, and shows progress. Throws the reason when it will not, or Interrupted. */
export async function waitForGoal(
  { client }: Context,
  asked: Play,
  goal: Goal,
  { quiet = false, timeoutMs, about = 'run' }: WaitOptions = {},
): Promise<Play> {
  const show = about === 'tasks' ? taskProgressOf : progressOf
  const progress = quiet ? silence : createProgress()
  const note = `The run ${asked.id} goes on without this command. See it: ramet playground list -a. End it: ramet playground destroy ${asked.id}`
  try {
    const play = await interruptible(note, (signal) =>
      waitForPlay(client, asked.id, (seen) => goal.isReached(seen) || whyUnreachable(seen, goal, asked) !== undefined, {
        onPlay: (seen) => {
          if (!goal.isReached(seen)) progress.show(show(seen))
        },
        signal: timeoutMs === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      }),
    )
    const failure = whyUnreachable(play, goal, asked)
    if (failure) throw failure
    return play
  } catch (error) {
    if (error instanceof Error && error.name === 'TimeoutError') throw timedOut(timeoutMs ?? 0)
    // A server may forget a destroyed run at once.
    if (goal.wanted === 'DESTROYED' && error instanceof RametError && error.code === 'not_found') return asked
    throw error
  } finally {
    progress.end()
  }
}

/** The same for one machine of a run that goes on. A machine that fails says why in its condition. */
export async function waitForMachine(
  { client }: Context,
  asked: Play,
  machine: string,
  isReached: (play: Play) => boolean,
  { quiet = false }: { quiet?: boolean | undefined } = {},
): Promise<void> {
  const progress = quiet ? silence : createProgress()
  const failureOf = (play: Play) => {
    const found = play.status.machines.find(({ name }) => name === machine)
    if (found?.state !== 'FAILED') return failedBoot(play, machine)?.message
    return found.conditions.find(({ name }) => name === 'Ready')?.message ?? `The machine ${machine} failed.`
  }
  const isOff = (play: Play) => play.state !== 'RUNNING' && play.state !== 'STOPPING'
  try {
    const note = `The machine ${machine} goes on its way without this command. See it: ramet playground machines ${asked.id}`
    const play = await interruptible(note, (signal) =>
      waitForPlay(client, asked.id, (seen) => isReached(seen) || failureOf(seen) !== undefined || isOff(seen), {
        onPlay: (seen) => progress.show(seen.progress ?? { message: `Waiting for ${machine}` }),
        signal,
      }),
    )
    if (isReached(play)) return
    const hint = `See what it printed with: ramet playground machine console ${asked.id} ${machine}`
    throw new RametError('machine_failed', 500, failureOf(play) ?? `The run went off meanwhile.`, { hint })
  } finally {
    progress.end()
  }
}
