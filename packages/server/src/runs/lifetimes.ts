import { warningMs } from '@ramet/model/run/lifetime.ts'
import type { Db } from '../store/database.ts'
import { listEndings } from '../store/runs.ts'
import { endRun } from './run.ts'

export interface LifetimeTools {
  readonly db: Db
  /** Makes the run go where it is wanted. */
  ended(runId: string): void
  /** Tells listeners of a run whose end is near. */
  changed(runId: string): void
  onError(error: unknown): void
}

/** Longest pause between two looks: the host's clock may be set, and setTimeout has a bound. */
const longestMs = 60_000
const afterErrorMs = 5_000

/** Stops or destroys runs whose time is over, and tells of it before. All that it knows is in the store: what became due while no server ran is done at the first look. */
export class Lifetimes {
  readonly #tools: LifetimeTools
  /** Ends of which listeners were told, by run. */
  #told = new Map<string, string>()
  #timer: NodeJS.Timeout | undefined
  #isLooking = false
  #isAgain = false
  #isClosed = false

  constructor(tools: LifetimeTools) {
    this.#tools = tools
  }

  /** A run may have another end than before. */
  trigger(): void {
    if (this.#isClosed) return
    this.#isAgain = true
    if (!this.#isLooking) void this.#look()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  async #look(): Promise<void> {
    this.#isLooking = true
    clearTimeout(this.#timer)
    let pauseMs = longestMs
    while (this.#isAgain && !this.#isClosed) {
      this.#isAgain = false
      pauseMs = await this.#end().catch((error: unknown) => {
        if (!this.#isClosed) this.#tools.onError(error)
        return afterErrorMs
      })
    }
    this.#isLooking = false
    if (!this.#isClosed) this.#timer = setTimeout(() => this.trigger(), pauseMs).unref()
  }

  /** Does what is due. Returns in how many ms to look again. */
  async #end(): Promise<number> {
    const told = new Map<string, string>()
    let pauseMs = longestMs
    for (const { id, ends_at, max_play_minutes } of await listEndings(this.#tools.db)) {
      if (ends_at === null || max_play_minutes === null) continue
      const leftMs = Date.parse(ends_at) - Date.now()
      if (leftMs <= 0) {
        await endRun(this.#tools.db, id)
        this.#tools.ended(id)
        continue
      }
      const untilWarningMs = leftMs - warningMs(max_play_minutes)
      pauseMs = Math.min(pauseMs, untilWarningMs > 0 ? untilWarningMs : leftMs)
      if (untilWarningMs > 0) continue
      told.set(id, ends_at)
      if (this.#told.get(id) !== ends_at) this.#tools.changed(id)
    }
    this.#told = told
    return Math.max(10, pauseMs)
  }
}
