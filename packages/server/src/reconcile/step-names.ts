import { workflowSteps } from '@ramet/engine'
import { copySteps } from '../clone-save/copy-service.ts'
import { restSteps } from '../storage/snapshots/resting-memory.ts'
import { taskStepNames } from '../tasks/run-tasks.ts'
import { spareSteps } from '../warm-pool/spare.ts'
import { warmStartSteps } from '../warm-pool/take.ts'
import { ownStepNames } from './own-steps.ts'

/** Names of all steps after which RAMET_CRASH_AFTER can end the server. */
export const stepNames: readonly string[] = [
  ...ownStepNames,
  ...taskStepNames,
  ...Object.values(workflowSteps).flat(),
  ...copySteps,
  'live-clone/write-rows',
  ...warmStartSteps,
  ...spareSteps,
  ...restSteps,
]
