import { liveCutSteps } from '../run/cut-live.ts'
import { destroyWorkflow } from '../run/destroy.ts'
import { cutSteps, keepMemoryWorkflow } from '../run/keep-memory.ts'
import { machineRebootWorkflow } from '../run/reboot.ts'
import { abandonWorkflow, resumeWorkflow } from '../run/resume.ts'
import type { RunContext } from '../run/run-context.ts'
import { keepWorkflow, machineStartWorkflow, startWorkflow } from '../run/start.ts'
import { stepNamesOf, type Workflow } from '../run/steps.ts'
import { machineReleaseWorkflow, machineStopWorkflow, releaseWorkflow, stopWorkflow } from '../run/stop.ts'
import type { WorkflowName } from './perform.ts'

export const workflows: Readonly<Record<WorkflowName, Workflow<RunContext>>> = {
  start: startWorkflow,
  resume: resumeWorkflow,
  abandon: abandonWorkflow,
  keep: keepWorkflow,
  'keep-memory': keepMemoryWorkflow,
  stop: stopWorkflow,
  release: releaseWorkflow,
  destroy: destroyWorkflow,
  'machine-start': machineStartWorkflow,
  'machine-stop': machineStopWorkflow,
  'machine-reboot': machineRebootWorkflow,
  'machine-release': machineReleaseWorkflow,
}

/** Names of the steps of each workflow and of a cut, in order, as `afterStep` gets them. */
export const workflowSteps = {
  ...(Object.fromEntries(
    Object.entries(workflows).map(([name, workflow]) => [name, stepNamesOf(workflow)]),
  ) as unknown as Readonly<Record<WorkflowName, readonly string[]>>),
  'keep-memory': [...stepNamesOf(keepMemoryWorkflow), ...cutSteps],
  'live-clone': liveCutSteps,
} as const satisfies Readonly<Record<WorkflowName | 'live-clone', readonly string[]>>
