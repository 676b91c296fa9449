/** Tells whoever serves a published port that it is published no more. */
export class Removals {
  readonly #listeners = new Map<string, Set<() => void>>()

  /** Returns the way to stop. */
  when(id: string, listener: () => void): () => void {
    const own = this.#listeners.get(id) ?? new Set()
    this.#listeners.set(id, own.add(listener))
    return () => {
      own.delete(listener)
      if (own.size === 0 && this.#listeners.get(id) === own) this.#listeners.delete(id)
    }
  }

  tell(id: string): void {
    for (const listener of [...(this.#listeners.get(id) ?? [])]) listener()
  }
}
