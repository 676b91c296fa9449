import { setTimeout as delay } from 'node:timers/promises'

export interface BackgroundOptions {
  /** Between being woken and beginning, in ms. */
  readonly delayMs: number
  /** Does what there is to do, and returns in how many ms to look again; undefined: when woken. Ends soon after the signal fires. */
  work(signal: AbortSignal): Promise<number | undefined>
  /** Not called for work that was ended. */
  onError(error: unknown): void
}

/** Timers overflow after 25 days (setTimeout takes 2^31 ms); who looks earlier finds nothing to do. */
const longestMs = 3_600_000

/** Why work under way is ended where nobody is told. */
class Yielded extends Error {}

/**
 * One thing that a server does when nobody waits for it: begun some time after it was woken, never twice at once, once more when it was woken meanwhile. Keeps no
 * process alive. Holds no truth: what there is to do is read from the store each time.
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
  trigger(afterMs = this.#options.delayMs): void {
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

  /** Ends what is under way; resolves when it is over. */
  async end(reason: Error = new Yielded()): Promise<void> {
    this.#job?.abort.abort(reason)
    await this.#job?.done
  }

  /** For good. `withinMs`: work that takes longer to end is left to the end of the process. */
  async close(reason?: Error, withinMs?: number): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    const ended = this.end(reason)
    await (withinMs === undefined ? ended : Promise.race([ended, delay(withinMs, undefined, { ref: false })]))
  }

  #begin(): void {
    this.#timer = undefined
    const abort = new AbortController()
    this.#job = { abort, done: this.#work(abort.signal) }
  }

  async #work(signal: AbortSignal): Promise<void> {
    let againInMs: number | undefined
    try {
      againInMs = await this.#options.work(signal)
    } catch (error) {
      if (!signal.aborted) this.#options.onError(error)
    }
    this.#job = undefined
    if (this.#isAgain) {
      this.#isAgain = false
      this.trigger()
    } else if (againInMs !== undefined) this.trigger(Math.min(againInMs, longestMs))
  }
}
