import type { Workflow } from '@ramet/engine'
import { asSpaceError, type Host, type RunStore, type WorkflowName } from '@ramet/engine'
import type { Failure, Progress } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { internalError } from '@ramet/model/errors/errors.ts'
import type { Logger } from 'pino'
import type { ImageService } from '../images/image-service.ts'
import type { LayerTools } from '../storage/layers/layer-tools.ts'
import type { Db } from '../store/database.ts'
import type { MachineWatch } from './machine-watch.ts'
import type { Slots } from './slots.ts'

/** What the reconciler works with. Made once a server. */
export interface ReconcilerTools {
  readonly db: Db
  readonly host: Host
  readonly log: Logger
  readonly layers: LayerTools
  readonly images: ImageService
  /** For tries of repeated tasks. */
  readonly tries: Slots
  /** For runs that come up, until they wait for something else than this host: an image, or their guests. */
  readonly bringUps: Slots
  /** Called when the run changed; sends events. */
  changed(runId: string): void
  /** Cancels background work on the run's drives before they are written to. */
  takeDrives(runId: string): Promise<void>
  /** Called when the run is off: background work on its drives may begin. */
  wentOff(runId: string): void
  /** Called when layers and snapshots may have become unused. */
  collect(): Promise<void>
  afterStep(name: string): void
}

/** One turn of a run's worker, passed to `bring-up.ts`, `take-down.ts` and `watch-machines.ts`. */
export interface RunAtWork {
  readonly id: string
  readonly tools: ReconcilerTools
  readonly store: RunStore
  readonly watch: MachineWatch
  /** Fires when something else is wanted: the workflow ends between two steps. */
  readonly signal: AbortSignal
  /** Rows of all machines, in the order of the manifest. */
  names(): Promise<string[]>
  /** Lets the host perform the workflow for these machines of the run. */
  perform(workflow: WorkflowName, machines: readonly string[]): Promise<void>
  /** Performs the server's own steps. */
  take(workflow: Workflow<RunAtWork>): Promise<void>
  report(progress: Progress): void
  /** Waits until it may come up (`bringUps`). Rejects with the signal's reason. */
  takeSlot(): Promise<void>
  /** Lets another run come up. It does nothing when it was called before. */
  giveSlotBack(): void
  /** True when something was reported since it last settled. */
  isUnderWay(): boolean
  /** Ends the turn: nothing is under way any more. */
  settled(): void
  /** Triggers another turn after this one, or after a delay. */
  trigger(afterMs?: number): void
}

/** Converts `error` for people. `home` is named when the disk is full. */
export function toFailure(error: unknown, home: string): Failure {
  const asSpace = asSpaceError(error, home)
  const known = asSpace instanceof RametError ? asSpace : internalError()
  return { code: known.code, message: known.message, ...(known.hint === undefined ? {} : { hint: known.hint }) }
}

/** True when the host reports that kept memory cannot be used, or could not be kept. */
export const isCode = (error: unknown, code: 'not_resumed' | 'memory_not_kept'): error is RametError =>
  error instanceof RametError && error.code === code
