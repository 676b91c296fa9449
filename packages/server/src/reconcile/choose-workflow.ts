import type { WorkflowName } from '@ramet/engine'
import type { MachineState, RunState } from '@ramet/model/run/run-state.ts'
import type { Run } from '../store/runs.ts'

/** A workflow of a whole run and the states written before and after it. */
export interface RunWorkflow {
  readonly workflow: WorkflowName
  /** States written before it. `machines` is absent when each keeps its state. */
  readonly during: { readonly run: RunState; readonly machines?: MachineState }
  /** States written after it. The run's is written only if the same is still wanted. */
  readonly after: { readonly run: RunState; readonly machines?: MachineState }
  /** True when it loses the guests' memory, and with it the tasks that ran there. */
  readonly endsGuests: boolean
}

const start: RunWorkflow = {
  workflow: 'start',
  during: { run: 'STARTING', machines: 'STARTING' },
  after: { run: 'RUNNING', machines: 'RUNNING' },
  endsGuests: false,
}

/** Resumes kept memory, the run's own or its source's. */
const resume: RunWorkflow = { ...start, workflow: 'resume' }

const stop: RunWorkflow = {
  workflow: 'stop',
  during: { run: 'STOPPING', machines: 'STOPPING' },
  after: { run: 'STOPPED', machines: 'STOPPED' },
  endsGuests: true,
}

const keepMemory: RunWorkflow = { ...stop, workflow: 'keep-memory', endsGuests: false }

/** After a failure: machines keep their state. */
const release: RunWorkflow = { workflow: 'release', during: { run: 'STOPPING' }, after: { run: 'FAILED' }, endsGuests: true }

/** Chooses how a run comes up. Pure. */
export const workflowUp = ({ memory }: Pick<Run, 'memory'>): RunWorkflow =>
  memory.kind === 'kept' || memory.kind === 'resuming' ? resume : start

/** Chooses how a run goes down. A run that has kept memory is only ended: its machines have not run since. `canKeep`: the host can keep their memory. Pure. */
export function workflowDown(
  { failure, memory, shutsDown }: Pick<Run, 'failure' | 'memory' | 'shutsDown'>,
  canKeep: boolean,
): RunWorkflow {
  if (failure !== undefined) return release
  if (memory.kind === 'kept') return keepMemory
  return canKeep && !shutsDown ? keepMemory : stop
}
