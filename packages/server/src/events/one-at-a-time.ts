import { setTimeout } from 'node:timers/promises'

/**
 * Runs the work of a key when it is triggered, and once more if it was triggered meanwhile, however often. So data that changes many times a second
 * is read only as often as reading allows, and not again within `restMs`.
 */
export class OneAtATime {
  readonly #work: (key: string) => Promise<void>
  readonly #restMs: number
  /** Keys whose work is running; true: triggered again since it began. */
  readonly #atWork = new Map<string, boolean>()

  constructor(work: (key: string) => Promise<void>, restMs = 0) {
    this.#work = work
    this.#restMs = restMs
  }

  trigger(key: string, onError: (error: unknown) => void): void {
    const isAtWork = this.#atWork.has(key)
    this.#atWork.set(key, isAtWork)
    if (!isAtWork) void this.#run(key, onError)
  }

  async #run(key: string, onError: (error: unknown) => void): Promise<void> {
    do {
      this.#atWork.set(key, false)
      await this.#work(key).catch(onError)
      if (this.#restMs > 0) await setTimeout(this.#restMs, undefined, { ref: false })
    } while (this.#atWork.get(key))
    this.#atWork.delete(key)
  }
}
