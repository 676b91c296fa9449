import type { WorkflowName } from '@ramet/engine'
import type { MachineState, RunState } from '@ramet/model/run/run-state.ts'
import type { Run } from '../store/runs.ts'

/** A workflow of a whole run with the states written around it. */
export interface RunWorkflow {
  readonly workflow: WorkflowName
  /** Written before it. Machines: absent where each keeps what it has. */
  readonly during: { readonly run: RunState; readonly machines?: MachineState }
  /** Written after it; the run's only as long as nobody wants something else. */
  readonly after: { readonly run: RunState; readonly machines?: MachineState }
  /** True when the guests' memory is gone with it, and so what ran in them. */
  readonly endsGuests: boolean
}

const start: RunWorkflow = {
  workflow: 'start',
  during: { run: 'STARTING', machines: 'STARTING' },
  after: { run: 'RUNNING', machines: 'RUNNING' },
  endsGuests: false,
}

/** With the memory that was kept, its own or its source's. */
const resume: RunWorkflow = { ...start, workflow: 'resume' }

const stop: RunWorkflow = {
  workflow: 'stop',
  during: { run: 'STOPPING', machines: 'STOPPING' },
  after: { run: 'STOPPED', machines: 'STOPPED' },
  endsGuests: true,
}

const keepMemory: RunWorkflow = { ...stop, workflow: 'keep-memory', endsGuests: false }

/** After a failure: machines keep what they came to. */
const release: RunWorkflow = { workflow: 'release', during: { run: 'STOPPING' }, after: { run: 'FAILED' }, endsGuests: true }

/** The one place where it is chosen how a run comes up. Pure. */
export const workflowUp = ({ memory }: Pick<Run, 'memory'>): RunWorkflow =>
  memory.kind === 'kept' || memory.kind === 'resuming' ? resume : start

/** And how it goes down. What is to be resumed already is only ended: nothing of it has run. `canKeep`: the host can keep its machines' memory. Pure. */
export function workflowDown(
  { failure, memory, shutsDown }: Pick<Run, 'failure' | 'memory' | 'shutsDown'>,
  canKeep: boolean,
): RunWorkflow {
  if (failure !== undefined) return release
  if (memory.kind === 'kept') return keepMemory
  return canKeep && !shutsDown ? keepMemory : stop
}
