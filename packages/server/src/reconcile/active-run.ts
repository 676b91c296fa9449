import { asSpaceError, type Host, type RunStore, type Step, type WorkflowName } from '@ramet/engine'
import type { Failure, Progress } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { internalError } from '@ramet/model/errors/errors.ts'
import type { Logger } from 'pino'
import type { Db } from '../store/database.ts'
import type { MachineWatch } from './machine-events.ts'

export interface WorkerTools {
  readonly db: Db
  readonly host: Host
  /** RAMET_HOME, named to people when there is no space left. */
  readonly home: string
  readonly log: Logger
  store(runId: string): RunStore
  /** The server's own first step of a start: sees that the images' layers are there and the drives' rows made. */
  chooseLayers(runId: string, report: (progress: Progress) => void): Step<OwnContext>
  /** Something about the run changed: tell those who watch. */
  changed(runId: string): void
  /** Resolves when nobody changes the files of the run's drives from outside its workflows. */
  drivesFree(runId: string): Promise<void>
  /** The same, for machines that are to be switched on; finishes what was begun with their drives. */
  settleDrives(runId: string): Promise<void>
  /** The run is off now: its drives may be looked after in the background. */
  wentOff(runId: string): void
  /** Finishes what a cut of running machines had begun with their drives when its server was killed. */
  settleCut(run: RunAtWork): Promise<void>
  /** Layers and snapshots that nothing holds any more may go. */
  collect(): Promise<void>
  afterStep(name: string): void
}

/** What the server's own steps know. */
export interface OwnContext {
  readonly signal: AbortSignal
}

/** What the things to do with a run (`bring-up.ts`, `switch-off.ts`, `look-after.ts`, `destroy-run.ts`) are given by its worker. */
export interface RunAtWork {
  readonly id: string
  readonly tools: WorkerTools
  readonly watch: MachineWatch
  /** Fires when somebody wants something else: what was begun ends between two steps. */
  readonly signal: AbortSignal
  /** Of all machines, in the order of the manifest. */
  names(): Promise<string[]>
  /** Has the host take the workflow for these machines of the run. */
  workflow(workflow: WorkflowName, machines: readonly string[]): Promise<void>
  /** Takes a step of the server's own, named with the workflow that it belongs to. */
  step(workflow: WorkflowName, step: Step<OwnContext>): Promise<void>
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
