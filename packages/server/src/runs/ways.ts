import type { RunContext } from '@ramet/engine/run/run-context.ts'
import { startJourney } from '@ramet/engine/run/start.ts'
import type { Journey } from '@ramet/engine/run/steps.ts'
import { releaseJourney, stopJourney } from '@ramet/engine/run/stop.ts'
import type { MachineState, RunState } from '@ramet/model/run-state.ts'
import type { RunRow } from '../store/schema.ts'

/** A journey of a whole run with the states written around it. */
export interface Way {
  readonly journey: Journey<RunContext>
  /** Written before it. Machines: absent where each keeps what it has. */
  readonly during: { readonly run: RunState; readonly machines?: MachineState }
  /** Written after it; the run's only as long as nobody wants something else. */
  readonly after: { readonly run: RunState; readonly machines?: MachineState }
  /** True when the guests' memory is gone with it, and so what ran in them. */
  readonly endsGuests: boolean
}

const start: Way = {
  journey: startJourney,
  during: { run: 'STARTING', machines: 'STARTING' },
  after: { run: 'RUNNING', machines: 'RUNNING' },
  endsGuests: false,
}

const stop: Way = {
  journey: stopJourney,
  during: { run: 'STOPPING', machines: 'STOPPING' },
  after: { run: 'STOPPED', machines: 'STOPPED' },
  endsGuests: true,
}

/** After a failure: machines keep what they came to. */
const release: Way = {
  journey: releaseJourney,
  during: { run: 'STOPPING' },
  after: { run: 'FAILED' },
  endsGuests: true,
}

/** The one place where it is chosen how a run comes up. */
export const wayUp = (_run: RunRow): Way => start

/** And how it goes down. */
export const wayDown = (run: RunRow): Way => (run.failure === null ? stop : release)
