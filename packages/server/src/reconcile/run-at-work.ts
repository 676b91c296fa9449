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

/** What the reconciler works with. Made once a server. */
export interface ReconcilerTools {
  readonly db: Db
  readonly host: Host
  readonly log: Logger
  readonly layers: LayerTools
  readonly images: ImageService
  /** Something about the run changed: tell those who watch. */
  changed(runId: string): void
  /** Ends what the background does with the run's drives, which are to be written to. */
  takeDrives(runId: string): Promise<void>
  /** The run is off now: its drives may be looked after in the background. */
  wentOff(runId: string): void
  /** Layers and snapshots that nothing holds any more may go. */
  collect(): Promise<void>
  afterStep(name: string): void
}

/** One turn of a run: what `bring-up.ts`, `take-down.ts` and `watch-machines.ts` are given by its worker. */
export interface RunAtWork {
  readonly id: string
  readonly tools: ReconcilerTools
  readonly store: RunStore
  readonly watch: MachineWatch
  /** Fires when somebody wants something else: what was begun ends between two steps. */
  readonly signal: AbortSignal
  /** Of all machines, in the order of the manifest. */
  names(): Promise<string[]>
  /** The host takes the workflow for these machines of the run. */
  perform(workflow: WorkflowName, machines: readonly string[]): Promise<void>
  /** The server takes steps of its own. */
  take(workflow: Workflow<RunAtWork>): Promise<void>
  report(progress: Progress): void
  /** True when something was reported since it last settled. */
  isUnderWay(): boolean
  /** Where it was to be: nothing is under way any more. */
  settled(): void
  /** Looks again what is wanted, once this is through; or some time later. */
  trigger(afterMs?: number): void
}

/** What a person is told of `error`. `home`: named when there is no space left. */
export function toFailure(error: unknown, home: string): Failure {
  const asSpace = asSpaceError(error, home)
  const known = asSpace instanceof RametError ? asSpace : internalError()
  return { code: known.code, message: known.message, ...(known.hint === undefined ? {} : { hint: known.hint }) }
}

/** The host says that a run's kept memory is of no use, or could not be kept. */
export const isCode = (error: unknown, code: 'not_resumed' | 'memory_not_kept'): error is RametError =>
  error instanceof RametError && error.code === code
