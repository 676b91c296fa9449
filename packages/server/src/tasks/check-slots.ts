/** How many tries of repeated tasks may be under way: in one machine, which would do little else, and on the whole host. */
export const mostTries = { machine: 2, host: 16 } as const

interface Waiting {
  readonly machine: string
  readonly take: () => void
}

/** Places for tries of repeated tasks, given out in the order in which they were asked for, as far as a machine has one. One for a server. */
export class CheckSlots {
  readonly #taken = new Map<string, number>()
  readonly #most: { readonly machine: number; readonly host: number }
  #waiting: Waiting[] = []

  constructor(most: { readonly machine: number; readonly host: number } = mostTries) {
    this.#most = most
  }

  /** `machine`: unique on the host. Waits for a place. Dispose of it to give it back. Rejects with the signal's reason. */
  async take(machine: string, signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted()
    if (!this.#isFree(machine)) {
      await this.#turn(machine, signal)
      return this.#place(machine)
    }
    this.#count(machine, 1)
    return this.#place(machine)
  }

  /** When it comes, the place has been taken. */
  async #turn(machine: string, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const waiting: Waiting = { machine, take: resolve }
    const abort = () => {
      this.#waiting = this.#waiting.filter((each) => each !== waiting)
      reject(signal.reason as Error)
    }
    this.#waiting.push(waiting)
    signal.addEventListener('abort', abort, { once: true })
    await promise.finally(() => signal.removeEventListener('abort', abort))
  }

  #place(machine: string): Disposable {
    let isTaken = true
    return {
      [Symbol.dispose]: () => {
        if (isTaken) this.#giveBack(machine)
        isTaken = false
      },
    }
  }

  #giveBack(machine: string): void {
    this.#count(machine, -1)
    for (const waiting of [...this.#waiting]) {
      if (!this.#isFree(waiting.machine)) continue
      this.#waiting = this.#waiting.filter((each) => each !== waiting)
      // Taken here and not by the waiter, who runs later than whoever asks in between.
      this.#count(waiting.machine, 1)
      waiting.take()
    }
  }

  #count(machine: string, by: number): void {
    const count = (this.#taken.get(machine) ?? 0) + by
    if (count === 0) this.#taken.delete(machine)
    else this.#taken.set(machine, count)
  }

  #isFree(machine: string): boolean {
    const all = [...this.#taken.values()].reduce((sum, each) => sum + each, 0)
    return all < this.#most.host && (this.#taken.get(machine) ?? 0) < this.#most.machine
  }
}
