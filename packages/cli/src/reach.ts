import { type Goal, progressOf, whyUnreachable } from '@ramet/client/goals.ts'
import { waitForPlay } from '@ramet/client/wait-for-play.ts'
import { RametError } from '@ramet/model/error.ts'
import type { Play } from '@ramet/model/wire.ts'
import { type Context, interruptible } from './context.ts'
import { createProgress, silence } from './progress.ts'

/** Waits until the run is where it was asked to be, telling what is under way. Throws why it will not get there, or Interrupted. */
export async function reach(
  { client }: Context,
  asked: Play,
  goal: Goal,
  { quiet = false }: { quiet?: boolean | undefined } = {},
): Promise<Play> {
  const progress = quiet ? silence : createProgress()
  const note = `The run ${asked.id} goes on without this command. See it: ramet playground list -a. End it: ramet playground destroy ${asked.id}`
  try {
    const play = await interruptible(note, (signal) =>
      waitForPlay(client, asked.id, (seen) => goal.isReached(seen) || whyUnreachable(seen, goal, asked) !== undefined, {
        onPlay: (seen) => {
          if (!goal.isReached(seen)) progress.show(progressOf(seen))
        },
        signal,
      }),
    )
    const failure = whyUnreachable(play, goal, asked)
    if (failure) throw failure
    return play
  } catch (error) {
    // A server may forget a destroyed run at once.
    if (goal.wanted === 'DESTROYED' && error instanceof RametError && error.code === 'not_found') return asked
    throw error
  } finally {
    progress.end()
  }
}
