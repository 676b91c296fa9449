import { availableParallelism } from 'node:os'

export interface Most {
  /** For one of those who ask. */
  readonly each: number
  readonly all: number
}

/** How many tries of repeated tasks may be under way: in one machine, which would do little else, and on the whole host. */
export const mostTries: Most = { each: 2, all: 16 }

/**
 * How many runs make their networks, folders and VMs at the same time. More end no sooner, and what they all write stands in the way of whoever asks for another one
 * (measured: 200 starts at once).
 */
export const mostBringUps: Most = { each: 1, all: Math.max(4, 2 * availableParallelism()) }

interface Waiting {
  readonly who: string
  readonly take: () => void
}

/** Places on this host for work of a kind, given out in the order in which they were asked for, as far as who asks may have another one. */
export class Slots {
  readonly #taken = new Map<string, number>()
  readonly #most: Most
  #waiting: Waiting[] = []

  constructor(most: Most) {
    this.#most = most
  }

  /** `who`: unique on the host. Waits for a place. Dispose of it to give it back. Rejects with the signal's reason. */
  async take(who: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted()
    if (!this.hasPlace(who)) {
      await this.#turn(who, signal)
      return this.#place(who)
    }
    this.#count(who, 1)
    return this.#place(who)
  }

  /** When it comes, the place has been taken. */
  async #turn(who: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting: Waiting = { who, take: resolve }
    const abort = () => {
      this.#waiting = this.#waiting.filter((each) => each !== waiting)
      reject(signal.reason as Error)
    }
    this.#waiting.push(waiting)
    signal.addEventListener('abort', abort, { once: true })
    await promise.finally(() => signal.removeEventListener('abort', abort))
  }

  #place(who: string): Disposable {
    let isTaken = true
    return {
      [Symbol.dispose]: () => {
        if (isTaken) this.#giveBack(who)
        isTaken = false
      },
    }
  }

  #giveBack(who: string): void {
    this.#count(who, -1)
    for (const waiting of [...this.#waiting]) {
      if (!this.hasPlace(waiting.who)) continue
      this.#waiting = this.#waiting.filter((each) => each !== waiting)
      // Taken here and not by the waiter, who runs later than whoever asks in between.
      this.#count(waiting.who, 1)
      waiting.take()
    }
  }

  #count(who: string, by: number): void {
    const count = (this.#taken.get(who) ?? 0) + by
    if (count === 0) this.#taken.delete(who)
    else this.#taken.set(who, count)
  }

  /** Whether `who` would wait for none. */
  hasPlace(who: string): boolean {
    const all = [...this.#taken.values()].reduce((sum, each) => sum + each, 0)
    return all < this.#most.all && (this.#taken.get(who) ?? 0) < this.#most.each
  }
}
