import { tooManyLogins } from '@ramet/model/errors/errors.ts'
import { sourceOf } from './source-budget.ts'

const mostFailures = 10
const forgottenAfterMs = 15 * 60_000
/** Pairs of name and source remembered; the oldest is forgotten first. */
const mostKnown = 10_000

/** Bounds guesses at one name's password from one address, so that guessing from elsewhere locks nobody out. */
export class FailedSignIns {
  readonly #failures = new Map<string, { count: number; firstAt: number }>()
  readonly #now: () => number

  constructor(now = Date.now) {
    this.#now = now
  }

  /** Throws `too_many_logins` when there were too many lately. */
  check(name: string, address: string | undefined): void {
    if ((this.#find(keyOf(name, address))?.count ?? 0) >= mostFailures) throw tooManyLogins()
  }

  failed(name: string, address: string | undefined): void {
    const key = keyOf(name, address)
    const entry = this.#find(key) ?? { count: 0, firstAt: this.#now() }
    entry.count += 1
    this.#failures.set(key, entry)
    for (const oldest of this.#failures.keys()) {
      if (this.#failures.size <= mostKnown) break
      this.#failures.delete(oldest)
    }
  }

  succeeded(name: string, address: string | undefined): void {
    this.#failures.delete(keyOf(name, address))
  }

  #find(key: string) {
    const entry = this.#failures.get(key)
    if (entry && this.#now() - entry.firstAt < forgottenAfterMs) return entry
    this.#failures.delete(key)
    return undefined
  }
}

const keyOf = (name: string, address: string | undefined) => `${sourceOf(address)} ${name}`
