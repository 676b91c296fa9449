import { setStopped } from '../process/stop-signal.ts'

/**
 * Background runs that are paused while somebody needs the host: their VMs are stopped (SIGSTOP), and their workflows wait between two steps. A stopped process keeps
 * its state and needs no help of the guest, of QEMU or of control groups. `Vmm.find` continues a VM that a former server left stopped.
 */
export class StandingRuns {
  #runs: ReadonlySet<string> = new Set()
  readonly #waiting = new Set<() => void>()

  /** Pauses exactly these runs from now on. `pidsOf` returns the pids of a run's VMs that are on. */
  set(runIds: readonly string[], pidsOf: (runId: string) => readonly number[]): void {
    const was = this.#runs
    this.#runs = new Set(runIds)
    for (const runId of was) if (!this.#runs.has(runId)) for (const pid of pidsOf(runId)) setStopped(pid, false)
    for (const runId of this.#runs) for (const pid of pidsOf(runId)) setStopped(pid, true)
    for (const look of this.#waiting) look()
  }

  has(runId: string): boolean {
    return this.#runs.has(runId)
  }

  /** Called when a VM of the run was started or found. */
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
