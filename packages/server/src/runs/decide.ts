import type { RunState, WantedState } from '@ramet/model/run-state.ts'

/** What the reconciler does next with a run. `watch`: it runs, see that it stays so. `rest`: nothing to do until somebody wants something. */
export type Next = 'start' | 'watch' | 'stop' | 'release' | 'destroy' | 'rest'

/** Pure: from what is wanted and what has been reached. `failed`: the run carries a failure that its owner has not answered yet. */
export function decide(wanted: WantedState, state: RunState, failed: boolean): Next {
  switch (wanted) {
    case 'RUNNING':
      return state === 'RUNNING' ? 'watch' : 'start'
    case 'STOPPED':
      if (state === 'STOPPED' || state === 'FAILED') return 'rest'
      return failed ? 'release' : 'stop'
    case 'DESTROYED':
      return state === 'DESTROYED' ? 'rest' : 'destroy'
  }
}
