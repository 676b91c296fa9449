import { destroyWorkflow } from '@ramet/engine/run/destroy.ts'
import { cutSteps, keepMemoryWorkflow } from '@ramet/engine/run/keep-memory.ts'
import { machineRebootWorkflow } from '@ramet/engine/run/reboot.ts'
import { resumeWorkflow } from '@ramet/engine/run/resume.ts'
import { machineStartWorkflow, startWorkflow } from '@ramet/engine/run/start.ts'
import { stepNamesOf } from '@ramet/engine/run/steps.ts'
import { machineReleaseWorkflow, machineStopWorkflow, releaseWorkflow, stopWorkflow } from '@ramet/engine/run/stop.ts'
import { copySteps } from '../clone-save/copy-service.ts'
import { liveCloneSteps } from '../clone-save/live-clone.ts'
import { restSteps } from '../storage/snapshots/resting-memory.ts'
import { taskStepNames } from '../tasks/run-tasks.ts'
import { spareSteps } from '../warm-pool/spare.ts'
import { warmStartSteps } from '../warm-pool/take.ts'

/** Every step a server may be ended after, as RAMET_CRASH_AFTER takes them. `start/choose-layers` is the server's own first step. */
export const stepNames: readonly string[] = [
  'start/choose-layers',
  ...taskStepNames,
  ...[
    startWorkflow,
    resumeWorkflow,
    keepMemoryWorkflow,
    stopWorkflow,
    releaseWorkflow,
    destroyWorkflow,
    machineStartWorkflow,
    machineStopWorkflow,
    machineRebootWorkflow,
    machineReleaseWorkflow,
  ].flatMap((workflow) => stepNamesOf(workflow)),
  ...copySteps,
  ...cutSteps,
  ...liveCloneSteps,
  ...warmStartSteps,
  ...spareSteps,
  ...restSteps,
]
