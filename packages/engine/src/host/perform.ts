import type { RunStore } from '../run/run-store.ts'
import type { TakenSnapshot } from '../snapshot/snapshot-record.ts'

/** What can be done with a run. Names begin each step's name: `start/make-overlays`. */
export type WorkflowName =
  | 'start'
  | 'resume'
  /** Ends what a resume that came to nothing has started. */
  | 'abandon'
  /** What is looked after while a run is on. */
  | 'keep'
  /** A stop that keeps the machines' memory. */
  | 'keep-memory'
  /** A stop that shuts the machines down. */
  | 'stop'
  /** After a failure: nothing to save, everything to give back. */
  | 'release'
  | 'destroy'
  /** The next four are for one machine of a run that goes on. */
  | 'machine-start'
  | 'machine-stop'
  | 'machine-reboot'
  | 'machine-release'

export interface PerformRequest {
  readonly runId: string
  /** All of the run, or the one that the workflow is about. */
  readonly machines: readonly string[]
  readonly store: RunStore
  readonly signal: AbortSignal
  /** Told before each step that has something to do; `message` is for people. */
  onStep(step: string, message: string): void
  /** How far a step that takes long has come. */
  onProgress(message: string, percent: number): void
  /** Told after each step that did something; may throw, or end the process. */
  afterStep(step: string): void | Promise<void>
  /** Sentences for people about what went otherwise than planned. */
  warn(message: string): void
}

/** Milliseconds of each step that did something. */
export type StepTimes = Readonly<Record<string, number>>

/** What a drive of a machine that is on is written to now, and from the cut on. */
export interface NextOverlay {
  readonly machine: string
  readonly driveIndex: number
  readonly overlay: string
  readonly nextOverlay: string
}

export interface CutRequest {
  readonly runId: string
  /** Name of the snapshot, which must be new. */
  readonly snapshotId: string
  /** One for each writable drive of each machine that is on; named by `newOverlayName`. */
  readonly overlays: readonly NextOverlay[]
  readonly store: Pick<RunStore, 'read'>
  readonly signal: AbortSignal
  /** Told after each part of it, as `workflowSteps['live-clone']` lists them; may throw, or end the process. */
  afterStep(step: string): void | Promise<void>
}

export interface CutResult {
  readonly snapshot: TakenSnapshot
  readonly figures: CutFigures
}

export interface CutFigures {
  /** All machines stood still for the cut. */
  readonly pauseMs: number
  /** The longest that one stood before, when its copying began. */
  readonly firstPauseMs: number
  readonly totalMs: number
  /** Of all machines: copied in all, and of it while they were paused. */
  readonly copiedBytes: number
  readonly pausedBytes: number
}

export interface SettledCut {
  readonly taken: readonly NextOverlay[]
  readonly notTaken: readonly NextOverlay[]
}
