import { asSpaceError } from '@ramet/engine/disk/space.ts'
import type { Host } from '@ramet/engine/run/host.ts'
import type { LiveRun } from '@ramet/engine/run/live-run.ts'
import type { RunContext } from '@ramet/engine/run/run-context.ts'
import type { RunStore } from '@ramet/engine/run/run-store.ts'
import type { Step, Workflow } from '@ramet/engine/run/steps.ts'
import type { Failure, Progress } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { internalError } from '@ramet/model/errors/errors.ts'
import type { Logger } from 'pino'
import type { Db } from '../store/database.ts'
import type { MachineWatch } from './machine-events.ts'

export interface WorkerTools {
  readonly db: Db
  readonly host: Host
  readonly log: Logger
  store(runId: string): RunStore
  /** The server's own first step of a start: sees that the images' layers are there and the drives' rows made. */
  chooseLayers(runId: string, report: (progress: Progress) => void): Step<RunContext>
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

/** What the things to do with a run (`bring-up.ts`, `switch-off.ts`, `look-after.ts`, `destroy-run.ts`) are given by its worker. */
export interface RunAtWork {
  readonly id: string
  readonly tools: WorkerTools
  readonly live: LiveRun
  readonly watch: MachineWatch
  /** Fires when somebody wants something else: what was begun is given up between two steps. */
  readonly signal: AbortSignal
  /** Of all machines, in the order of the manifest. */
  names(): Promise<string[]>
  /** Takes the workflow for these machines of the run. */
  workflow(workflow: Workflow<RunContext>, machines: readonly string[]): Promise<void>
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
