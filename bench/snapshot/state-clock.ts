import { performance } from 'node:perf_hooks'
import type { Client } from '@ramet/client/client-shape.ts'
import type { RunState } from '@ramet/model/run/run-state.ts'

const reachesWithinMs = 240_000

interface Entry {
  readonly state: RunState
  /** By performance.now(). */
  readonly at: number
}

/** When runs came to their states, by one event stream for all of them: what a page that shows them sees. */
export class StateClock implements AsyncDisposable {
  readonly #over = new AbortController()
  readonly #latest = new Map<string, Entry>()
  readonly #listeners = new Set<(id: string) => void>()
  readonly #failures = new Map<string, string>()
  #stream: Promise<void> | undefined

  static async open(client: Client): Promise<StateClock> {
    const clock = new StateClock()
    const { promise, resolve } = Promise.withResolvers<void>()
    clock.#stream = clock.#follow(client, resolve)
    await promise
    return clock
  }

  async #follow(client: Client, opened: () => void): Promise<void> {
    for await (const event of client.events({ signal: this.#over.signal, onOpen: opened })) {
      if (event.kind !== 'play') continue
      const { id, state, failure } = event.play
      if (failure) this.#failures.set(id, failure.message)
      if (this.#latest.get(id)?.state === state) continue
      this.#latest.set(id, { state, at: performance.now() })
      for (const listener of this.#listeners) listener(id)
    }
  }

  /** The moment when the run came to that state, not before `since`. Throws when it failed. */
  async reached(id: string, state: RunState, since: number): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const look = () => {
      const entry = this.#latest.get(id)
      if (!entry || entry.at < since) return
      if (entry.state === state) resolve(entry.at)
      else if (entry.state === 'FAILED') reject(new Error(this.#failures.get(id) ?? `run ${id} failed`))
    }
    const listener = (changed: string) => changed === id && look()
    const timer = setTimeout(() => reject(new Error(`run ${id} is not ${state} in time`)), reachesWithinMs)
    this.#listeners.add(listener)
    look()
    try {
      return await promise
    } finally {
      clearTimeout(timer)
      this.#listeners.delete(listener)
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#stream?.catch(() => {})
  }
}
