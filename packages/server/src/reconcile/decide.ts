import type { RunState, WantedState } from '@ramet/model/run/run-state.ts'

/**
 * What the reconciler does next with a run. `watch`: it runs; keep it and each of its machines as wanted. `rest`: nothing to do until somebody
 * wants something. `choose-workflow.ts` chooses the workflow.
 */
export type Next = 'start' | 'watch' | 'stop' | 'destroy' | 'rest'

/** Decides from the wanted and the current state. Pure. */
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
