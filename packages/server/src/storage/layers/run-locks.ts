/**
 * Serializes work that changes the files of a run's drives outside its workflows. A workflow that opens the drives waits for such work first; later work
 * sees by the run's state that it is no longer off. A home has only one server, so a lock in memory is enough.
 */
export class RunLocks {
  readonly #last = new Map<string, Promise<unknown>>()

  async hold<T>(runId: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(runId)
    const mine = (async () => {
      await before?.catch(() => {})
      return work()
    })()
    this.#last.set(runId, mine)
    try {
      return await mine
    } finally {
      if (this.#last.get(runId) === mine) this.#last.delete(runId)
    }
  }

  /** Resolves when no work holds the run. */
  async free(runId: string): Promise<void> {
    await this.hold(runId, async () => {})
  }
}
