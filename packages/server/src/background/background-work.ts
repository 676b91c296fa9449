import { setTimeout as delay } from 'node:timers/promises'
import type { Activity } from './activity.ts'

export interface BackgroundOptions {
  /** Tells when people need the host. */
  readonly activity: Activity
  /** Delay from a trigger to the beginning in ms. It runs in parallel to the quiet time of `activity` and is never longer. */
  readonly delayMs: number
  /** Does the pending work, and returns in how many ms to run again; undefined: at the next trigger. Must end soon after the job's signal fires. */
  work(job: Job): Promise<number | undefined>
  /** Called when the work fails, but not when it was cancelled. */
  onError(error: unknown): void
}

/** Passed to the work. */
export interface Job {
  /** Fires when the work must end. */
  readonly signal: AbortSignal
  /** Called between two pieces of work: resolves once no person's action is under way. Rejects with the signal's reason. */
  go(): Promise<void>
}

/** Longest timer: setTimeout overflows at 2^31 ms (25 days). Running earlier does no harm. */
const longestMs = 3_600_000
/** Bound for cancelling work: a busy host needs time to end a process. Work that takes longer ends with the server. */
const endsWithinMs = 20_000

/** Reason of cancelled work that nobody is told about. */
class Yielded extends Error {}

/**
 * One kind of background work: it begins after a trigger and a quiet time, never runs twice at once, and runs again if it was triggered meanwhile.
 * While a person's action is under way it pauses between its pieces, and background programs are stopped. It keeps no process
 * alive and holds no state: each run reads the pending work from the store.
 */
export class BackgroundWork {
  readonly #options: BackgroundOptions
  #timer: NodeJS.Timeout | undefined
  #dueAt = 0
  #job: { readonly abort: AbortController; readonly done: Promise<void> } | undefined
  #isAgain = false
  #isClosed = false

  constructor(options: BackgroundOptions) {
    this.#options = options
  }

  get isAtWork(): boolean {
    return this.#job !== undefined
  }

  /** There may be something to do. */
  trigger(afterMs = Math.min(this.#options.delayMs, this.#options.activity.quietMs)): void {
    if (this.#isClosed) return
    if (this.#job) {
      this.#isAgain = true
      return
    }
    const dueAt = Date.now() + afterMs
    // On a server that is always busy it would otherwise be postponed for ever.
    if (this.#timer && this.#dueAt <= dueAt) return
    this.#dueAt = dueAt
    this.#beginIn(afterMs)
  }

  /** Cancels the work under way. Resolves when it is over, or after a bounded time. */
  async end(reason: Error = new Yielded(), withinMs = endsWithinMs): Promise<void> {
    if (!this.#job) return
    this.#job.abort.abort(reason)
    await Promise.race([this.#job.done, delay(withinMs, undefined, { ref: false })])
  }

  /** Ends the work for good; bounded as `end`. */
  async close(reason?: Error, withinMs?: number): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.end(reason, withinMs)
  }

  #beginIn(ms: number): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#begin(), ms).unref()
  }

  #begin(): void {
    this.#timer = undefined
    const quietInMs = Math.ceil(this.#options.activity.quietInMs)
    if (quietInMs > 0) {
      this.#beginIn(quietInMs)
      return
    }
    const abort = new AbortController()
    this.#job = { abort, done: this.#work(abort.signal) }
  }

  async #work(signal: AbortSignal): Promise<void> {
    const { activity, work, onError } = this.#options
    let againInMs: number | undefined
    try {
      againInMs = await work({ signal, go: () => activity.over(signal) })
    } catch (error) {
      if (!signal.aborted) onError(error)
    }
    this.#job = undefined
    if (this.#isAgain) {
      this.#isAgain = false
      this.trigger()
    } else if (againInMs !== undefined) this.trigger(Math.min(againInMs, longestMs))
  }
}
