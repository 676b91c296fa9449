import { destroyJourney } from '@ramet/engine/run/destroy.ts'
import { startJourney } from '@ramet/engine/run/start.ts'
import { releaseJourney, stopJourney } from '@ramet/engine/run/stop.ts'
import { copySteps } from '../copies/copy-service.ts'

/** Every step a server may be ended after, as RAMET_CRASH_AFTER takes them. `start/choose-layers` is the server's own first step. */
export const stepNames: readonly string[] = [
  'start/choose-layers',
  ...[startJourney, stopJourney, releaseJourney, destroyJourney].flatMap((journey) =>
    journey.steps.map((step) => `${journey.name}/${step.name}`),
  ),
  ...copySteps,
]
