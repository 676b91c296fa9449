import type { Actor } from '@ramet/model/access/can.ts'
import { defaultLimits, type LimitName, type Limits, limitReached } from '@ramet/model/access/limits.ts'

/** Counts what each user has open or under way at this moment. */
export class OpenCounts {
  readonly #limits: Limits
  readonly #counts = new Map<string, number>()

  constructor(limits: Limits = defaultLimits) {
    this.#limits = limits
  }

  /** Takes a place, which is free again when what comes back is disposed of (once or more often). Throws the limit's refusal. */
  take(user: Actor, name: LimitName): Disposable {
    const key = `${name} ${user.id}`
    const count = this.#counts.get(key) ?? 0
    if (count >= this.#limits[name]) throw limitReached(name, this.#limits)
    this.#counts.set(key, count + 1)
    let isTaken = true
    return {
      [Symbol.dispose]: () => {
        if (!isTaken) return
        isTaken = false
        const left = (this.#counts.get(key) ?? 1) - 1
        if (left === 0) this.#counts.delete(key)
        else this.#counts.set(key, left)
      },
    }
  }
}
