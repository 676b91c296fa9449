import type { Progress } from '@ramet/model/api/wire.ts'
import { noteUnreadable, startAfterReboot } from '../runs/run.ts'
import { listLivingRuns } from '../store/runs.ts'
import { decide } from './decide.ts'
import type { ReconcilerTools, RunAtWork } from './run-at-work.ts'
import { RunWorker } from './run-worker.ts'

/** What can be asked of a run's worker; there is one again whenever it is asked. */
export interface WorkerHandle {
  /** Looks at what is wanted now. `supersede`: what is under way ends at its next step. */
  trigger(options?: { readonly supersede?: boolean }): void
  /** Does something with a run that is RUNNING and its machines, while nothing else is done with them. Rejects with `action_refused` when it is not, with `server_closing`. */
  during<T>(work: (run: RunAtWork) => Promise<T>): Promise<T>
}

/** All runs of this home that are not at rest. Those at rest have no worker, so nothing grows with them. */
export class Reconciler {
  readonly #tools: ReconcilerTools
  readonly #workers = new Map<string, RunWorker>()
  readonly #deaf: () => void
  #isClosed = false

  constructor(tools: ReconcilerTools) {
    this.#tools = tools
    this.#deaf = tools.host.events((event) => this.#workers.get(event.runId)?.note(event))
  }

  worker(runId: string): WorkerHandle {
    return {
      trigger: (options) => this.#worker(runId).trigger(options),
      during: (work) => this.#worker(runId).during(work),
    }
  }

  /** What is under way with the run; undefined: nothing. */
  progressOf(runId: string): Progress | undefined {
    return this.#workers.get(runId)?.progress
  }

  /**
   * Takes up every run that is not at rest; adopts what still runs. After a reboot of the host nothing does, and what was running is started again:
   * the request stands, and nobody is to blame for the end of the VMs.
   */
  async resume(hostWasRebooted: boolean): Promise<void> {
    const { db } = this.#tools
    for (const run of await listLivingRuns(db)) {
      if (run.failure?.code === 'plan_unreadable') await noteUnreadable(db, run)
      if (hostWasRebooted) await startAfterReboot(db, run.id)
      if (decide(run.wanted, run.state) !== 'rest') this.#worker(run.id).trigger()
    }
  }

  close(): void {
    this.#isClosed = true
    this.#deaf()
    for (const worker of this.#workers.values()) worker.close()
    this.#workers.clear()
  }

  #worker(runId: string): RunWorker {
    let worker = this.#workers.get(runId)
    if (!worker) {
      worker = new RunWorker(runId, this.#tools, () => this.#forget(runId))
      this.#workers.set(runId, worker)
      if (this.#isClosed) worker.close()
    }
    return worker
  }

  /** The run is at rest, and nothing was asked of it meanwhile. */
  #forget(runId: string): void {
    this.#workers.get(runId)?.close()
    this.#workers.delete(runId)
  }
}
