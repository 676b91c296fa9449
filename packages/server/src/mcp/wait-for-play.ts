import { setTimeout as delay } from 'node:timers/promises'
import type { Play } from '@ramet/model/api/wire.ts'
import { areTasksSettled, type Goal, goals, isReady, progressOf, taskProgressOf, whyUnreachable } from '@ramet/model/run/goals.ts'
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
  let wake = () => {}
  let told = ''
  const stop = services.events.subscribe(
    user,
    ({ event }) => {
      if (event.kind === 'play' && event.play.id === asked.id) wake()
    },
    'now',
  )
  try {
    for (;;) {
      const changed = Promise.withResolvers<void>()
      wake = changed.resolve
      const play = await services.runs.get(user, asked.id)
      if (goal.isReached(play)) return { play, isReached: true }
      const failure = whyUnreachable(play, goal.wanted === 'RUNNING' ? goals.ready : goal, asked)
      if (failure) throw failure
      if (over.aborted) return { play, isReached: false }
      const { message } = isReady(play) ? taskProgressOf(play) : progressOf(play)
      if (message !== told) tell(message)
      told = message
      // Events may be lost; then the next look finds it.
      await Promise.race([changed.promise, delay(lookEveryMs, undefined, { signal: over }).catch(() => {})])
    }
  } finally {
    stop()
  }
}
