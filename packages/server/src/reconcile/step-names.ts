import { workflowSteps } from '@ramet/engine'
import { copySteps } from '../clone-save/copy-service.ts'
import { restSteps } from '../storage/snapshots/resting-memory.ts'
import { taskStepNames } from '../tasks/run-tasks.ts'
import { spareSteps } from '../warm-pool/spare.ts'
import { warmStartSteps } from '../warm-pool/take.ts'
import { ownStepNames } from './own-steps.ts'

/** Every step a server may be ended after, as RAMET_CRASH_AFTER takes them. */
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
