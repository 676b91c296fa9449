import type { Play, Progress } from '@ramet/model/api/wire.ts'
import { areTasksSettled, type Goal, goals, isReady, progressOf, taskProgressOf, whyUnreachable } from '@ramet/model/run/goals.ts'
import type { Client } from '../client-shape.ts'
import { waitForPlay } from '../wait-for-play.ts'

export interface WaitFor {
  /** Ends the wait with its reason, such as `AbortSignal.timeout(60_000)`; the run goes on. */
  readonly signal?: AbortSignal | undefined
  /** Told what is under way, at each change. */
  readonly onProgress?: ((progress: Progress) => void) | undefined
}

const initialised: Goal = { wanted: 'RUNNING', isReached: (play) => isReady(play) && areTasksSettled(play) }
export const untils = { ...goals, initialised } satisfies Record<string, Goal>

/** The run as soon as it is so far. `asked`: as the action answered, whose old failure does not count. Throws why it will not be reached any more. */
export async function waitUntil(
  client: Pick<Client, 'plays' | 'events'>,
  asked: Play,
  goal: Goal,
  { signal, onProgress }: WaitFor,
): Promise<Play> {
  // A boot that failed is told as such whatever was to come after it.
  const failure = (play: Play) => whyUnreachable(play, goal.wanted === 'RUNNING' ? goals.ready : goal, asked)
  const play = await waitForPlay(client, asked.id, (seen) => goal.isReached(seen) || failure(seen) !== undefined, {
    ...(signal === undefined ? {} : { signal }),
    onPlay: (seen) => {
      if (!goal.isReached(seen)) onProgress?.(isReady(seen) ? taskProgressOf(seen) : progressOf(seen))
    },
  })
  if (goal.isReached(play)) return play
  throw failure(play)
}
