import { noteUnreadable, startAfterReboot } from '../runs/run.ts'
import { listLivingRuns } from '../store/runs.ts'
import type { WorkerTools } from './active-run.ts'
import { RunWorker } from './run-worker.ts'

/** All runs of this home that are not at rest. */
export class Reconciler {
  readonly #tools: WorkerTools
  readonly #workers = new Map<string, RunWorker>()

  readonly #stopListening: () => void

  constructor(tools: WorkerTools) {
    this.#tools = tools
    this.#stopListening = tools.host.events((event) => this.#workers.get(event.runId)?.note(event))
  }

  worker(runId: string): RunWorker {
    let worker = this.#workers.get(runId)
    if (!worker) {
      worker = new RunWorker(runId, this.#tools)
      this.#workers.set(runId, worker)
    }
    return worker
  }

  /** The worker, if the run has one: runs at rest have none. */
  known(runId: string): RunWorker | undefined {
    return this.#workers.get(runId)
  }

  forget(runId: string): void {
    this.#workers.get(runId)?.close()
    this.#workers.delete(runId)
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
      this.worker(run.id).trigger()
    }
  }

  close(): void {
    this.#stopListening()
    for (const worker of this.#workers.values()) worker.close()
    this.#workers.clear()
  }
}
