import type { Guests } from '../guest/guest.ts'
import { type LiveEvent, LiveRun } from './live-run.ts'
import { StandingRuns } from './standing-runs.ts'

/** Connections to the machines of all runs, by run. */
export class LiveRuns {
  readonly #guests: Guests
  readonly #runs = new Map<string, LiveRun>()
  readonly standing = new StandingRuns()
  readonly #listeners = new Set<(runId: string, event: LiveEvent) => void>()

  constructor(guests: Guests) {
    this.#guests = guests
  }

  /** Connections of a run; makes an empty entry if there is none yet. */
  of(runId: string): LiveRun {
    const known = this.#runs.get(runId)
    if (known) return known
    const live = new LiveRun(this.#guests, {
      added: ({ pid }) => this.standing.added(runId, pid),
      standsStill: () => this.standing.has(runId),
    })
    this.#runs.set(runId, live)
    live.listen((event) => {
      for (const listener of this.#listeners) listener(runId, event)
    })
    return live
  }

  get(runId: string): LiveRun | undefined {
    return this.#runs.get(runId)
  }

  /** Pauses exactly these runs: their machines stand still and their workflows wait. */
  standStill(runIds: readonly string[]): void {
    this.standing.set(
      runIds,
      (runId) =>
        this.get(runId)
          ?.all()
          .map(({ vm }) => vm.pid) ?? [],
    )
  }

  listen(listener: (runId: string, event: LiveEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Closes a run's connections; its VMs go on. */
  forget(runId: string): void {
    this.#runs.get(runId)?.release()
    this.#runs.delete(runId)
  }

  close(): void {
    for (const runId of [...this.#runs.keys()]) this.forget(runId)
  }
}
