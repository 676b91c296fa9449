import type { Play } from '@ramet/model/api/wire.ts'
import { areTasksSettled, type Goal, goals, isReady, progressOf, taskProgressOf, whyUnreachable } from '@ramet/model/run/goals.ts'
import { type PlaySource, watchPlay } from '@ramet/model/run/watch-play.ts'
import type { Call } from './tool.ts'

/** What an agent may wait for. `initialised`: ready, and the init tasks of its playground are over. */
export const untils = {
  ready: goals.ready,
  initialised: { wanted: 'RUNNING', isReached: (play) => isReady(play) && areTasksSettled(play) },
  stopped: goals.stopped,
  destroyed: goals.destroyed,
} as const satisfies Record<string, Goal>
export type Until = keyof typeof untils

const lookEveryMs = 2_000

/**
 * Waits until the run is so far, or the time is up: `isReached` then is false. `asked`: the run as the action left it, whose old failure does not count. Throws why it will not be reached
 * any more.
 */
export async function waitForPlay(
  { services, user, signal, tell }: Call,
  asked: Play,
  until: Until,
  withinMs: number,
): Promise<{ play: Play; isReached: boolean }> {
  const goal = untils[until]
  const over = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
  let told = ''
  const look = () => services.runs.get(user, asked.id)
  const isReached = (play: Play): boolean => {
    if (goal.isReached(play)) return true
    const failure = whyUnreachable(play, goal.wanted === 'RUNNING' ? goals.ready : goal, asked)
    if (failure) throw failure
    const { message } = isReady(play) ? taskProgressOf(play) : progressOf(play)
    if (message !== told) tell(message)
    told = message
    return false
  }
  const source: PlaySource = {
    look,
    listen: (changed) =>
      services.events.subscribe(
        user,
        ({ event }) => {
          if (event.kind === 'play' && event.play.id === asked.id) changed()
        },
        'now',
      ),
  }
  try {
    return { play: await watchPlay(source, isReached, { signal: over, everyMs: lookEveryMs }), isReached: true }
  } catch (error) {
    if (!over.aborted || error !== over.reason) throw error
    const play = await look()
    return { play, isReached: isReached(play) }
  }
}
