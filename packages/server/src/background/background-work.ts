import { setTimeout as delay } from 'node:timers/promises'
import type { Activity } from './activity.ts'

export interface BackgroundOptions {
  /** When people need the host. */
  readonly activity: Activity
  /** Between a trigger and the beginning, in ms, besides the quiet that `activity` asks for, and no longer than that. */
  readonly delayMs: number
  /** Does what there is to do, and returns in how many ms to look again; undefined: at the next trigger. Ends soon after the job's signal fires. */
  work(job: Job): Promise<number | undefined>
  /** Not called for work that was ended. */
  onError(error: unknown): void
}

/** What work is given while it is done. */
export interface Job {
  /** Fires when it is to end. */
  readonly signal: AbortSignal
  /** Between two pieces of work: resolves once nobody's action is under way. Rejects with the signal's reason. */
  go(): Promise<void>
}

/** Timers overflow after 25 days (setTimeout takes 2^31 ms); who looks earlier finds nothing to do. */
const longestMs = 3_600_000
/** A busy host takes its time to end a process. What takes longer to end is left to the end of the server. */
const endsWithinMs = 20_000

/** Why work under way is ended where nobody is told. */
class Yielded extends Error {}

/**
 * One thing that a server does when nobody waits for it: begun after a trigger and a while of quiet, never twice at once, once more when it was triggered meanwhile.
 * It stands still between its pieces while a person's action is under way; processes of the background class (`BackgroundClass`) are stopped besides. Keeps no process
 * alive. Holds no truth: what there is to do is read from the store each time.
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
    // Where something happens all the time it would else be put off for ever.
    if (this.#timer && this.#dueAt <= dueAt) return
    this.#dueAt = dueAt
    this.#beginIn(afterMs)
  }

  /** Ends what is under way; resolves when it is over, or has not ended within a bounded time. */
  async end(reason: Error = new Yielded(), withinMs = endsWithinMs): Promise<void> {
    if (!this.#job) return
    this.#job.abort.abort(reason)
    await Promise.race([this.#job.done, delay(withinMs, undefined, { ref: false })])
  }

  /** For good; bounded as `end`. */
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
