/**
 * Does something of a key once it is triggered, and once more afterwards when it was triggered meanwhile, however often: what changes many times a second
 * is read as often as reading takes.
 */
export class OneAtATime {
  readonly #work: (key: string) => Promise<void>
  /** Keys at work; true: triggered again since its work began. */
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
