import { workflowSteps } from '@ramet/engine'
import { copySteps } from '../clone-save/copy-service.ts'
import { restSteps } from '../storage/snapshots/resting-memory.ts'
import { taskStepNames } from '../tasks/run-tasks.ts'
import { spareSteps } from '../warm-pool/spare.ts'
import { warmStartSteps } from '../warm-pool/take.ts'
import { stateSteps } from './enter-state.ts'
import { ownStepNames } from './own-steps.ts'
import { firstBootSteps } from './run-store.ts'

/** Names of all steps after which a crash test can end the server (`fault-injection.ts`). */
export const stepNames: readonly string[] = [
  ...ownStepNames,
  ...stateSteps,
  ...taskStepNames,
  ...firstBootSteps,
  ...Object.values(workflowSteps).flat(),
  ...copySteps,
  'live-clone/write-rows',
  ...warmStartSteps,
  ...spareSteps,
  ...restSteps,
]
