import { tooManyLogins } from '@ramet/model/errors/errors.ts'

export interface LoginDelayOptions {
  readonly firstMs?: number
  readonly longestMs?: number
  /** How many failed logins may wait at once; further ones are refused. */
  readonly maxWaiting?: number
}

/**
 * Delays the answer to each failed login more than the one before, for all clients together. The token is too long to guess; this keeps attempts cheap for us.
 * A valid token is never delayed. Memory is bounded: one counter and at most `maxWaiting` timers.
 */
export class LoginDelay {
  readonly #firstMs: number
  readonly #longestMs: number
  readonly #maxWaiting: number
  #failures = 0
  #lastFailureAt = 0
  #waiting = 0

  constructor({ firstMs = 100, longestMs = 3000, maxWaiting = 20 }: LoginDelayOptions = {}) {
    this.#firstMs = firstMs
    this.#longestMs = longestMs
    this.#maxWaiting = maxWaiting
  }

  /** Waits; throws too_many_logins at once when too many wait already. */
  async failed(): Promise<void> {
    if (this.#waiting >= this.#maxWaiting) throw tooManyLogins()
    if (Date.now() - this.#lastFailureAt > 60_000) this.#failures = 0
    this.#lastFailureAt = Date.now()
    const ms = Math.min(this.#firstMs * 2 ** Math.min(this.#failures, 20), this.#longestMs)
    this.#failures += 1
    this.#waiting += 1
    try {
      await new Promise((resolve) => setTimeout(resolve, ms))
    } finally {
      this.#waiting -= 1
    }
  }
}
