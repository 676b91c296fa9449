import type { RunStore } from '../run/run-store.ts'
import type { TakenSnapshot } from '../snapshot/snapshot-record.ts'

/** What can be done with a run. The workflow's name is the prefix of each step's name: `start/make-overlays`. */
export type WorkflowName =
  | 'start'
  | 'resume'
  /** Ends what a failed resume has started. */
  | 'abandon'
  /** Repairs what a run needs while it is on. */
  | 'keep'
  /** A stop that keeps the machines' memory. */
  | 'keep-memory'
  /** A stop that shuts the machines down. */
  | 'stop'
  /** After a failure: saves nothing, releases everything. */
  | 'release'
  | 'destroy'
  /** The next four are for one machine of a run that goes on. */
  | 'machine-start'
  | 'machine-stop'
  | 'machine-reboot'
  | 'machine-release'

export interface PerformRequest {
  readonly runId: string
  /** All machines of the run, or the one that the workflow is about. */
  readonly machines: readonly string[]
  readonly store: RunStore
  readonly signal: AbortSignal
  /** Called before each step that has something to do; `message` is for people. */
  onStep(step: string, message: string): void
  /** Called with the progress of a long step. */
  onProgress(message: string, percent: number): void
  /** Called after each step that did something. It may throw, or end the process. */
  afterStep(step: string): void | Promise<void>
  /** Called with a sentence for people when something did not go as planned. */
  warn(message: string): void
}

/** Durations in milliseconds of the steps that did something. */
export type StepTimes = Readonly<Record<string, number>>

/** The overlay that a drive of a running machine writes to now, and the one it writes to after the cut. */
export interface NextOverlay {
  readonly machine: string
  readonly driveIndex: number
  readonly overlay: string
  readonly nextOverlay: string
}

export interface CutRequest {
  readonly runId: string
  /** Id of the snapshot, never used before. */
  readonly snapshotId: string
  /** One for each writable drive of each machine that is on, named by `newOverlayName`. */
  readonly overlays: readonly NextOverlay[]
  readonly store: Pick<RunStore, 'read'>
  readonly signal: AbortSignal
  /** Called after each part that `workflowSteps['live-clone']` lists. It may throw, or end the process. */
  afterStep(step: string): void | Promise<void>
}

export interface CutResult {
  readonly snapshot: TakenSnapshot
  readonly figures: CutFigures
}

export interface CutFigures {
  /** How long all machines were paused for the cut. */
  readonly pauseMs: number
  /** The longest pause of one machine when its copying began. */
  readonly firstPauseMs: number
  readonly totalMs: number
  /** Sums over all machines: bytes copied, and how many of them during the pause. */
  readonly copiedBytes: number
  readonly pausedBytes: number
}

export interface SettledCut {
  readonly taken: readonly NextOverlay[]
  readonly notTaken: readonly NextOverlay[]
}
