/**
 * Runs the work of a key when it is triggered, and once more if it was triggered meanwhile, however often. So data that changes many times a second
 * is read only as often as reading allows.
 */
export class OneAtATime {
  readonly #work: (key: string) => Promise<void>
  /** Keys whose work is running; true: triggered again since it began. */
  readonly #atWork = new Map<string, boolean>()

  constructor(work: (key: string) => Promise<void>) {
    this.#work = work
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
    } while (this.#atWork.get(key))
    this.#atWork.delete(key)
  }
}
