import type { Progress } from '@ramet/model/api/wire.ts'
import { noteUnreadable, startAfterReboot } from '../runs/run.ts'
import { livingRuns } from '../store/runs.ts'
import { decide } from './decide.ts'
import type { ReconcilerTools, RunAtWork } from './run-at-work.ts'
import { RunWorker } from './run-worker.ts'

/** Interface of a run's worker. The worker is made on demand. */
export interface WorkerHandle {
  /** Triggers a new look at what is wanted. `supersede`: the workflow under way ends at its next step. */
  trigger(options?: { readonly supersede?: boolean }): void
  /** Does exclusive work on a RUNNING run and its machines. Rejects with `action_refused` when the run is not RUNNING, and with `server_closing`. */
  during<T>(work: (run: RunAtWork) => Promise<T>): Promise<T>
}

/** Workers of all runs of this home that are not at rest. Runs at rest have none, so memory does not grow with them. */
export class Reconciler {
  readonly #tools: ReconcilerTools
  readonly #workers = new Map<string, RunWorker>()
  readonly #deaf: () => void
  readonly #resumed = Promise.withResolvers<void>()
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

  /** Progress of the run's workflow; undefined when none is under way. */
  progressOf(runId: string): Progress | undefined {
    return this.#workers.get(runId)?.progress
  }

  /**
   * Begins with every run that is not at rest, and adopts VMs that still run. After a reboot of the host none does, and runs that were running are started again:
   * they are still wanted, and the end of their VMs is no failure.
   */
  async resume(hostWasRebooted: boolean): Promise<void> {
    const { db } = this.#tools
    for await (const run of livingRuns(db)) {
      if (run.failure?.code === 'plan_unreadable') await noteUnreadable(db, run)
      if (hostWasRebooted) await startAfterReboot(db, run.id)
      if (decide(run.wanted, run.state) !== 'rest') this.#worker(run.id).trigger()
    }
    this.#resumed.resolve()
  }

  /** Resolves when this server has looked for the run's machines: what an earlier one started is known only then. */
  async looked(runId: string): Promise<void> {
    await this.#resumed.promise
    await this.#workers.get(runId)?.looked
  }

  close(): void {
    this.#isClosed = true
    this.#resumed.resolve()
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

  /** Removes the worker of a run that is at rest, unless something was asked of it meanwhile. */
  #forget(runId: string): void {
    this.#workers.get(runId)?.close()
    this.#workers.delete(runId)
  }
}
