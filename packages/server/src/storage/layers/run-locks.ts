/**
 * One at a time for what changes the files of a run's drives from outside its workflows. A workflow that opens them first waits until nobody is at it; whoever comes
 * later sees by the run's state that it is no longer off. One server has a home to itself, so a lock in its memory is enough.
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

  /** Resolves when nobody holds the run. */
  async free(runId: string): Promise<void> {
    await this.hold(runId, async () => {})
  }
}
