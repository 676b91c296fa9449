import { keepMemoryJourney } from '@ramet/engine/run/keep-memory.ts'
import { resumeJourney } from '@ramet/engine/run/resume.ts'
import type { RunContext } from '@ramet/engine/run/run-context.ts'
import { startJourney } from '@ramet/engine/run/start.ts'
import type { Journey } from '@ramet/engine/run/steps.ts'
import { releaseJourney, stopJourney } from '@ramet/engine/run/stop.ts'
import type { Vmm } from '@ramet/engine/vmm/vmm.ts'
import type { MachineState, RunState } from '@ramet/model/run/run-state.ts'
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

/** With the memory that was kept, its own or its source's. */
const resume: Way = { ...start, journey: resumeJourney }

const stop: Way = {
  journey: stopJourney,
  during: { run: 'STOPPING', machines: 'STOPPING' },
  after: { run: 'STOPPED', machines: 'STOPPED' },
  endsGuests: true,
}

const keepMemory: Way = { ...stop, journey: keepMemoryJourney, endsGuests: false }

/** After a failure: machines keep what they came to. */
const release: Way = {
  journey: releaseJourney,
  during: { run: 'STOPPING' },
  after: { run: 'FAILED' },
  endsGuests: true,
}

/** The one place where it is chosen how a run comes up. */
export const wayUp = (run: RunRow): Way => (run.resume_from !== null || run.asleep === 1 ? resume : start)

/** And how it goes down. What is to be resumed already is only ended: nothing of it has run. */
export function wayDown(run: RunRow, capabilities: Vmm['capabilities']): Way {
  if (run.failure !== null) return release
  if (run.resume_from !== null) return keepMemory
  const canKeep = capabilities.has('snapshot') && capabilities.has('resume')
  return canKeep && run.power_off === 0 ? keepMemory : stop
}
