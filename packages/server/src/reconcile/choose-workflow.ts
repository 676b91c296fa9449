import { keepMemoryWorkflow } from '@ramet/engine/run/keep-memory.ts'
import { resumeWorkflow } from '@ramet/engine/run/resume.ts'
import type { RunContext } from '@ramet/engine/run/run-context.ts'
import { startWorkflow } from '@ramet/engine/run/start.ts'
import type { Workflow } from '@ramet/engine/run/steps.ts'
import { releaseWorkflow, stopWorkflow } from '@ramet/engine/run/stop.ts'
import type { Vmm } from '@ramet/engine/vmm/vmm.ts'
import type { MachineState, RunState } from '@ramet/model/run/run-state.ts'
import type { Run } from '../store/runs.ts'

/** A workflow of a whole run with the states written around it. */
export interface Way {
  readonly workflow: Workflow<RunContext>
  /** Written before it. Machines: absent where each keeps what it has. */
  readonly during: { readonly run: RunState; readonly machines?: MachineState }
  /** Written after it; the run's only as long as nobody wants something else. */
  readonly after: { readonly run: RunState; readonly machines?: MachineState }
  /** True when the guests' memory is gone with it, and so what ran in them. */
  readonly endsGuests: boolean
}

const start: Way = {
  workflow: startWorkflow,
  during: { run: 'STARTING', machines: 'STARTING' },
  after: { run: 'RUNNING', machines: 'RUNNING' },
  endsGuests: false,
}

/** With the memory that was kept, its own or its source's. */
const resume: Way = { ...start, workflow: resumeWorkflow }

const stop: Way = {
  workflow: stopWorkflow,
  during: { run: 'STOPPING', machines: 'STOPPING' },
  after: { run: 'STOPPED', machines: 'STOPPED' },
  endsGuests: true,
}

const keepMemory: Way = { ...stop, workflow: keepMemoryWorkflow, endsGuests: false }

/** After a failure: machines keep what they came to. */
const release: Way = {
  workflow: releaseWorkflow,
  during: { run: 'STOPPING' },
  after: { run: 'FAILED' },
  endsGuests: true,
}

/** The one place where it is chosen how a run comes up. */
export const wayUp = ({ memory }: Pick<Run, 'memory'>): Way =>
  memory.kind === 'kept' || memory.kind === 'resuming' ? resume : start

/** And how it goes down. What is to be resumed already is only ended: nothing of it has run. */
export function wayDown(run: Pick<Run, 'failure' | 'memory' | 'shutsDown'>, capabilities: Vmm['capabilities']): Way {
  if (run.failure !== undefined) return release
  if (run.memory.kind === 'kept') return keepMemory
  const canKeep = capabilities.has('snapshot') && capabilities.has('resume')
  return canKeep && !run.shutsDown ? keepMemory : stop
}
