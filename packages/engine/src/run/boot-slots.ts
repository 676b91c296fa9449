import { availableParallelism } from 'node:os'

/** Releases the slot, so that the next boot can begin. Called once, when this boot needs no core any more. */
export type ReleaseSlot = () => void

/**
 * Limits how many machines of a host boot at the same time, first come, first served. A boot uses a whole core from power-on to the first command
 * (5 s under TCG). More boots than cores all end late, and take the cores from machines that people work in.
 */
export class BootSlots {
  readonly count: number
  #free: number
  readonly #waiting: (() => void)[] = []

  /** At least two, so that one guest that is slow to answer holds up nobody on a host with a single core. */
  constructor(count = Math.max(2, availableParallelism())) {
    this.count = count
    this.#free = count
  }

  /** Rejects with the signal's reason when it fires first. */
  async take(signal: AbortSignal): Promise<ReleaseSlot> {
    signal.throwIfAborted()
    if (this.#free > 0) this.#free -= 1
    else await this.#turn(signal)
    let isGiven = false
    return () => {
      if (isGiven) return
      isGiven = true
      const next = this.#waiting.shift()
      if (next) next()
      else this.#free += 1
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const come = () => {
      signal.removeEventListener('abort', leave)
      resolve()
    }
    const leave = () => {
      this.#waiting.splice(this.#waiting.indexOf(come), 1)
      reject(signal.reason as Error)
    }
    this.#waiting.push(come)
    signal.addEventListener('abort', leave, { once: true })
    return promise
  }
}
