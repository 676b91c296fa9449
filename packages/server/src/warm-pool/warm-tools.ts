import type { Host, RunStore } from '@ramet/engine'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Logger } from 'pino'
import type { MemoryRule } from '../admission/admission.ts'
import type { Activity } from '../background/activity.ts'
import type { BackgroundRuns } from '../background/background-runs.ts'
import type { ImageService } from '../images/image-service.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import type { Db } from '../store/database.ts'
import type { PlaygroundRow } from '../store/schema.ts'

/** Dependencies of the warm pool. */
export interface WarmTools {
  readonly activity: Activity
  readonly background: BackgroundRuns
  readonly db: Db
  readonly host: Host
  readonly images: ImageService
  readonly reconciler: Reconciler
  readonly memory: MemoryRule
  /** The plan of a new run here, with the defaults of its init conditions. Throws InvalidInput where one has none. */
  planOf(spec: ManifestSpec): RunPlan
  readonly log: Logger
  /** RAMET_WARM_STARTS. */
  readonly isOn: boolean
  /** RAMET_SPARE_FOR; undefined: there are no spares. */
  readonly spareForMs: number | undefined
  /** Owner of the throwaway runs in the store; nobody sees them. */
  readonly ownerId: string
  store(runId: string): RunStore
  collect(): Promise<void>
  afterStep(name: string): void
}

/** The target for which the next snapshot of a playground is taken. */
export interface WarmTarget {
  readonly playground: PlaygroundRow
  readonly plan: RunPlan
  readonly shape: string
}
