import { newToken, sha256 } from '../access/token-hash.ts'

/** Things that stand for a short time behind a name that nobody can guess. In memory alone, and as many as are given: the oldest goes first. */
export class ShortLived<T> {
  /** By the hash of their names; oldest first. */
  readonly #things = new Map<string, { readonly what: T; readonly until: number }>()
  readonly #forMs: number
  readonly #most: number
  readonly #now: () => Date

  constructor(forMs: number, most: number, now: () => Date) {
    this.#forMs = forMs
    this.#most = most
    this.#now = now
  }

  /** Returns its name. */
  add(what: T): string {
    const now = this.#now().getTime()
    for (const [hash, { until }] of this.#things) {
      if (until > now && this.#things.size < this.#most) break
      this.#things.delete(hash)
    }
    const name = newToken()
    this.#things.set(sha256(name), { what, until: now + this.#forMs })
    return name
  }

  find(name: string): T | undefined {
    const found = this.#things.get(sha256(name))
    return found && found.until > this.#now().getTime() ? found.what : undefined
  }

  /** Gives it to one caller alone. */
  take(name: string): T | undefined {
    const what = this.find(name)
    this.#things.delete(sha256(name))
    return what
  }
}
