export interface ActivityOptions {
  /** Quiet milliseconds without an action before background work begins. */
  readonly quietMs: number
  /** Milliseconds after an action during which background work stays paused, since a first command follows most actions. */
  readonly afterwardsMs: number
  /** Monotonic clock in milliseconds; tests pass their own. */
  readonly now?: () => number
}

/** Least interval between two checks when no quiet time is configured. */
const leastMs = 50

/**
 * Knows whether a person's action is under way: somebody starts, stops, clones or destroys a run, or a request is being answered. Services and
 * state changes of runs report to it. Background work asks it when to begin, pause and go on.
 */
export class Activity {
  readonly #options: Required<ActivityOptions>
  readonly #runs = new Set<string>()
  #actions = 0
  readonly #listeners = new Set<() => void>()
  #endedAt: number
  #afterwards: NodeJS.Timeout | undefined

  constructor(options: ActivityOptions) {
    this.#options = { now: () => performance.now(), ...options }
    this.#endedAt = this.#options.now()
  }

  /** True while an action is under way, and for a moment afterwards. */
  get isUnderWay(): boolean {
    return this.#isBusy || this.#afterwards !== undefined
  }

  /** The configured quiet time. If it is shorter than the delay of some work, it shortens that delay too. */
  get quietMs(): number {
    return this.#options.quietMs
  }

  /** Milliseconds until background work may begin, if nobody does anything meanwhile; never 0 while somebody does. */
  get quietInMs(): number {
    const { quietMs, now } = this.#options
    return this.isUnderWay ? Math.max(quietMs, leastMs) : Math.max(0, this.#endedAt + quietMs - now())
  }

  /** Counts `work` as a person's action until it settles. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#change(() => {
      this.#actions += 1
    })
    try {
      return await work()
    } finally {
      this.#change(() => {
        this.#actions -= 1
      })
    }
  }

  /** Records whether a user's run is changing its state. */
  note(runId: string, isOnItsWay: boolean): void {
    if (this.#runs.has(runId) === isOnItsWay) return
    this.#change(() => {
      if (isOnItsWay) this.#runs.add(runId)
      else this.#runs.delete(runId)
    })
  }

  /** Calls `listener` when `isUnderWay` changes. Returns a function that stops this. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when no action is under way, at once if there is none. Rejects with the signal's reason. */
  async over(signal: AbortSignal): Promise<void> {
    while (this.isUnderWay) {
      signal.throwIfAborted()
      const { promise, resolve } = Promise.withResolvers<void>()
      const change = () => resolve()
      const stop = this.onChange(change)
      signal.addEventListener('abort', change, { once: true })
      await promise
      signal.removeEventListener('abort', change)
      stop()
    }
    signal.throwIfAborted()
  }

  get #isBusy(): boolean {
    return this.#actions > 0 || this.#runs.size > 0
  }

  #change(change: () => void): void {
    const was = this.isUnderWay
    const wasBusy = this.#isBusy
    change()
    if (this.#isBusy) {
      clearTimeout(this.#afterwards)
      this.#afterwards = undefined
    } else if (wasBusy) {
      this.#afterwards = setTimeout(() => this.#end(), this.#options.afterwardsMs).unref()
    }
    if (this.isUnderWay !== was) this.#tell()
  }

  #end(): void {
    this.#afterwards = undefined
    this.#endedAt = this.#options.now()
    this.#tell()
  }

  #tell(): void {
    for (const listener of this.#listeners) listener()
  }
}
