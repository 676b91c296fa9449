import { workflowSteps } from '@ramet/engine'
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
  ...Object.values(workflowSteps).flat(),
  ...copySteps,
  ...liveCloneSteps,
  ...warmStartSteps,
  ...spareSteps,
  ...restSteps,
]
