export interface ActivityOptions {
  /** Background work begins only after nobody has done anything for so many milliseconds. */
  readonly quietMs: number
  /** For so many milliseconds after an action background work stands still as during it: a first command follows most of them. */
  readonly afterwardsMs: number
  /** Milliseconds of a steady clock; tests have their own. */
  readonly now?: () => number
}

/** So often is looked again at the most where no quiet is asked for. */
const leastMs = 50

/**
 * The one place that knows whether a person's action is under way: somebody starts, stops, clones or destroys a run, or a request of theirs is being answered. Fed by the
 * services and by what becomes of runs. Background work asks it when to begin, when to stand still and when to go on.
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

  /** What was asked for. Whoever asks for less than some work would wait by itself means that work too. */
  get quietMs(): number {
    return this.#options.quietMs
  }

  /** Milliseconds until background work may begin, if nobody does anything meanwhile; never 0 while somebody does. */
  get quietInMs(): number {
    const { quietMs, now } = this.#options
    return this.isUnderWay ? Math.max(quietMs, leastMs) : Math.max(0, this.#endedAt + quietMs - now())
  }

  /** `work` is what a person waits for. */
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

  /** A user's run is on its way to somewhere, or is there. */
  note(runId: string, isOnItsWay: boolean): void {
    if (this.#runs.has(runId) === isOnItsWay) return
    this.#change(() => {
      if (isOnItsWay) this.#runs.add(runId)
      else this.#runs.delete(runId)
    })
  }

  /** `listener` is called when `isUnderWay` changes. Returns the way to stop listening. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Resolves when nothing is under way; at once when nothing is. Rejects with the signal's reason. */
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
