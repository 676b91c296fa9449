import { destroyJourney } from '@ramet/engine/run/destroy.ts'
import { cutSteps, keepMemoryJourney } from '@ramet/engine/run/keep-memory.ts'
import { machineRebootJourney } from '@ramet/engine/run/reboot.ts'
import { resumeJourney } from '@ramet/engine/run/resume.ts'
import { machineStartJourney, startJourney } from '@ramet/engine/run/start.ts'
import { stepNamesOf } from '@ramet/engine/run/steps.ts'
import { machineReleaseJourney, machineStopJourney, releaseJourney, stopJourney } from '@ramet/engine/run/stop.ts'
import { copySteps } from '../clone-save/copy-service.ts'
import { liveCloneSteps } from '../clone-save/live-clone.ts'
import { restSteps } from '../storage/snapshots/resting-memory.ts'
import { taskStepNames } from '../tasks/run-tasks.ts'
import { standbySteps } from '../warm-pool/spare.ts'
import { warmStartSteps } from '../warm-pool/take.ts'

/** Every step a server may be ended after, as RAMET_CRASH_AFTER takes them. `start/choose-layers` is the server's own first step. */
export const stepNames: readonly string[] = [
  'start/choose-layers',
  ...taskStepNames,
  ...[
    startJourney,
    resumeJourney,
    keepMemoryJourney,
    stopJourney,
    releaseJourney,
    destroyJourney,
    machineStartJourney,
    machineStopJourney,
    machineRebootJourney,
    machineReleaseJourney,
  ].flatMap((journey) => stepNamesOf(journey)),
  ...copySteps,
  ...cutSteps,
  ...liveCloneSteps,
  ...warmStartSteps,
  ...standbySteps,
  ...restSteps,
]
