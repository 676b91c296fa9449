import type { LayerTools } from '../layers/layer-tools.ts'
import type { SnapshotMachineRow } from '../store/schema.ts'
import { doJob, nextJob, type RestJob } from './resting-memory.ts'

export interface RestOptions {
  /** Undefined: memory is never compressed. */
  readonly packAfterMs: number | undefined
  onError(error: unknown): void
}

/** Between being woken and beginning: most memory is resumed, and gone, soon after it was taken. */
const restsAfterMs = 30_000
const longestMs = 3_600_000

/**
 * Looks after memory that rests, in the background, one file at a time, by processes that leave the host to others: writes its digests down, and compresses what was
 * not used for long. A start never waits for it: what is under way on its snapshot is ended (`yieldTo`).
 */
export class Rest {
  readonly #tools: LayerTools
  readonly #options: RestOptions
  readonly #givenUp = new Set<string>()
  #timer: NodeJS.Timeout | undefined
  #dueAt = 0
  #job: { readonly abort: AbortController; readonly done: Promise<void>; snapshotId: string | undefined } | undefined
  #isAgain = false
  #isClosed = false

  constructor(tools: LayerTools, options: RestOptions) {
    this.#tools = tools
    this.#options = options
  }

  /** There may be something to do. */
  wake(afterMs = Math.min(restsAfterMs, this.#options.packAfterMs ?? restsAfterMs)): void {
    if (this.#isClosed) return
    if (this.#job) {
      this.#isAgain = true
      return
    }
    const dueAt = Date.now() + afterMs
    // Where something happens all the time it would else be put off for ever.
    if (this.#timer && this.#dueAt <= dueAt) return
    clearTimeout(this.#timer)
    this.#dueAt = dueAt
    this.#timer = setTimeout(() => this.#begin(), afterMs).unref()
  }

  /** Resolves when nothing is under way on the snapshot that this run is to resume. */
  async yieldTo(runId: string): Promise<void> {
    const job = this.#job
    if (!job) return
    const run = await this.#tools.db.selectFrom('runs').select('resume_from').where('id', '=', runId).executeTakeFirst()
    if (run?.resume_from == null || run.resume_from !== job.snapshotId) return
    job.abort.abort(new Yielded())
    await job.done
    this.wake()
  }

  /** Ends what is under way. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#job?.abort.abort(new Yielded())
    await this.#job?.done
  }

  #begin(): void {
    this.#timer = undefined
    const abort = new AbortController()
    const { promise, resolve } = Promise.withResolvers<void>()
    const job = { abort, done: promise, snapshotId: undefined as string | undefined }
    this.#job = job
    void this.#work(abort.signal, ({ machine }) => {
      job.snapshotId = machine.snapshot_id
    }).then((inMs) => {
      this.#job = undefined
      const isAgain = this.#isAgain
      this.#isAgain = false
      if (isAgain) this.wake()
      else if (inMs !== undefined) this.wake(Math.min(inMs, longestMs))
      resolve()
    })
  }

  /** Returns when to look again. Never throws. */
  async #work(signal: AbortSignal, onJob: (job: RestJob) => void): Promise<number | undefined> {
    try {
      while (!signal.aborted) {
        const next = await nextJob(this.#tools, this.#options.packAfterMs, (machine) => this.#givenUp.has(key(machine)))
        if (next === undefined || 'inMs' in next) return next?.inMs
        onJob(next)
        await this.#try(next, signal)
      }
    } catch (error) {
      if (!signal.aborted) this.#options.onError(error)
    }
    return undefined
  }

  /** What cannot be done with a file is not tried again before the server's next start. */
  async #try(job: RestJob, signal: AbortSignal): Promise<void> {
    try {
      await doJob(this.#tools, job, signal)
    } catch (error) {
      if (signal.aborted) return
      this.#givenUp.add(key(job.machine))
      const { snapshot_id } = job.machine
      const isThere = await this.#tools.db.selectFrom('snapshots').select('id').where('id', '=', snapshot_id).executeTakeFirst()
      if (isThere) this.#options.onError(error)
    }
  }
}

const key = ({ snapshot_id, machine }: SnapshotMachineRow) => `${snapshot_id} ${machine}`

class Yielded extends Error {}
