import type { RunState, WantedState } from '@ramet/model/run/run-state.ts'

/**
 * What the reconciler does next with a run. `watch`: it runs, see that it and each of its machines stay as wanted. `rest`: nothing to do until somebody
 * wants something. By which workflow it goes up or down is chosen in `choose-workflow.ts`.
 */
export type Next = 'start' | 'watch' | 'stop' | 'destroy' | 'rest'

/** Pure: from what is wanted and what has been reached. */
export function decide(wanted: WantedState, state: RunState): Next {
  switch (wanted) {
    case 'RUNNING':
      return state === 'RUNNING' ? 'watch' : 'start'
    case 'STOPPED':
      return state === 'STOPPED' || state === 'FAILED' ? 'rest' : 'stop'
    case 'DESTROYED':
      return state === 'DESTROYED' ? 'rest' : 'destroy'
  }
}
