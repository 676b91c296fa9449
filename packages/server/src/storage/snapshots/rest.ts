import type { Activity } from '../../background/activity.ts'
import { BackgroundWork, type Job } from '../../background/background-work.ts'
import { snapshotOf } from '../../store/run-memory.ts'
import { findRun } from '../../store/runs.ts'
import type { SnapshotMachineRow } from '../../store/schema.ts'
import { findSnapshot } from '../../store/snapshots.ts'
import type { LayerTools } from '../layers/layer-tools.ts'
import { doJob, nextJob, type RestJob } from './resting-memory.ts'

export interface RestOptions {
  readonly activity: Activity
  /** Undefined: memory is never compressed. */
  readonly packAfterMs: number | undefined
  onError(error: unknown): void
}

/** Delay from a trigger to the beginning: most memory is resumed, and gone, soon after it was taken. */
const restsAfterMs = 30_000

/**
 * Digests kept memory and compresses memory that was not used for long, in the background, one file at a time, by processes in the idle
 * class. A start never waits for it: work on the start's snapshot is cancelled (`yieldTo`).
 */
export class Rest {
  readonly #tools: LayerTools
  readonly #options: RestOptions
  readonly #givenUp = new Set<string>()
  readonly #work: BackgroundWork
  /** Snapshot that is being worked on. */
  #snapshotId: string | undefined

  constructor(tools: LayerTools, options: RestOptions) {
    this.#tools = tools
    this.#options = options
    this.#work = new BackgroundWork({
      activity: options.activity,
      delayMs: Math.min(restsAfterMs, options.packAfterMs ?? restsAfterMs),
      work: (job) => this.#lookAfter(job),
      onError: (error) => options.onError(error),
    })
  }

  /** Called when there may be work. */
  trigger(): void {
    this.#work.trigger()
  }

  /** Cancels work on the snapshot that this run will resume; resolves when it has ended. */
  async yieldTo(runId: string): Promise<void> {
    if (this.#snapshotId === undefined) return
    const run = await findRun(this.#tools.db, runId)
    if (!run || snapshotOf(run.memory) !== this.#snapshotId) return
    await this.#work.end()
    this.#work.trigger()
  }

  /** Cancels the work under way. */
  close(): Promise<void> {
    return this.#work.close()
  }

  /** Does the pending work; returns in how many ms to run again. */
  async #lookAfter({ signal, go }: Job): Promise<number | undefined> {
    try {
      while (!signal.aborted) {
        await go()
        const next = await nextJob(this.#tools, this.#options.packAfterMs, (machine) => this.#givenUp.has(key(machine)))
        if (next === undefined || 'inMs' in next) return next?.inMs
        this.#snapshotId = next.machine.snapshot_id
        await this.#try(next, signal)
      }
    } finally {
      this.#snapshotId = undefined
    }
    return undefined
  }

  /** Work on one file. If it fails, it is not tried again before the server's next start. */
  async #try(job: RestJob, signal: AbortSignal): Promise<void> {
    try {
      await doJob(this.#tools, job, signal)
    } catch (error) {
      if (signal.aborted) return
      this.#givenUp.add(key(job.machine))
      if (await findSnapshot(this.#tools.db, job.machine.snapshot_id)) this.#options.onError(error)
    }
  }
}

const key = ({ snapshot_id, machine }: SnapshotMachineRow) => `${snapshot_id} ${machine}`
