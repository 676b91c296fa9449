import type { SqliteRunner } from './runner.ts'

/** Opening a thread costs the next one who looks 30 ms (measured), a clone of a stopped run takes 6: it stays while somebody is at work. */
const closeAfterMs = 60_000

/** A connection that is opened when somebody needs it and closed when nobody has for a while: a thread of Node takes 12 MB (measured). */
export class OnDemand {
  readonly #open: () => Promise<SqliteRunner>
  readonly #closeAfterMs: number
  #runner: Promise<SqliteRunner> | undefined
  #users = 0
  #timer: NodeJS.Timeout | undefined

  constructor(open: () => Promise<SqliteRunner>, idleMs = closeAfterMs) {
    this.#open = open
    this.#closeAfterMs = idleMs
  }

  /** To be given back, also when it could not be opened. */
  take(): Promise<SqliteRunner> {
    this.#users += 1
    clearTimeout(this.#timer)
    this.#runner ??= this.#open().catch((error) => {
      this.#runner = undefined
      throw error
    })
    return this.#runner
  }

  giveBack(): void {
    this.#users -= 1
    if (this.#users > 0) return
    this.#timer = setTimeout(() => void this.close(), this.#closeAfterMs).unref()
  }

  async close(): Promise<void> {
    clearTimeout(this.#timer)
    const runner = this.#runner
    this.#runner = undefined
    await (await runner?.catch(() => undefined))?.close()
  }
}
