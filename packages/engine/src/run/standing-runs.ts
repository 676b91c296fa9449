import { setStopped } from '../process/stop-signal.ts'

/**
 * Runs that nobody waits for and that stand still while somebody needs the host: their VMs are stopped, and their workflows wait between two steps. A stopped process keeps
 * all it has and needs nothing of the guest, of QEMU or of control groups; who finds a VM that a former server left stopped lets it go on (`Vmm.find`).
 */
export class StandingRuns {
  #runs: ReadonlySet<string> = new Set()
  readonly #waiting = new Set<() => void>()

  /** Just these, from now on. `pidsOf`: of a run's VMs that are on. */
  set(runIds: readonly string[], pidsOf: (runId: string) => readonly number[]): void {
    const was = this.#runs
    this.#runs = new Set(runIds)
    for (const runId of was) if (!this.#runs.has(runId)) for (const pid of pidsOf(runId)) setStopped(pid, false)
    for (const runId of this.#runs) for (const pid of pidsOf(runId)) setStopped(pid, true)
    for (const look of this.#waiting) look()
  }

  /** A VM of the run was started or found. */
  added(runId: string, pid: number): void {
    if (this.#runs.has(runId)) setStopped(pid, true)
  }

  /** Resolves when the run may go on, at once for most. Rejects with the signal's reason. */
  async mayGoOn(runId: string, signal: AbortSignal): Promise<void> {
    while (this.#runs.has(runId)) {
      signal.throwIfAborted()
      const { promise, resolve } = Promise.withResolvers<void>()
      const look = () => resolve()
      this.#waiting.add(look)
      signal.addEventListener('abort', look, { once: true })
      await promise
      this.#waiting.delete(look)
      signal.removeEventListener('abort', look)
    }
  }
}
