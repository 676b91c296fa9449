import { type MachineEvent, type RunStore, runWorkflow, type WorkflowName } from '@ramet/engine'
import type { Progress } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { actionRefused } from '@ramet/model/errors/errors.ts'
import { findRun } from '../store/runs.ts'
import { RunTasks } from '../tasks/run-tasks.ts'
import { bringUp } from './bring-up.ts'
import { decide, type Next } from './decide.ts'
import { MachineWatch } from './machine-watch.ts'
import { type ReconcilerTools, type RunAtWork, toFailure } from './run-at-work.ts'
import { runStore } from './run-store.ts'
import { destroyRun, switchOff } from './take-down.ts'
import { lookAfter } from './watch-machines.ts'

/** Delays between attempts of a stop or destroy that failed on the host, the last one repeated. The run's progress says why it failed. */
const retryAfterMs = [1_000, 5_000, 15_000, 60_000] as const

/** Thrown into a workflow when something else is wanted. */
class Superseded extends Error {}

/** Exclusive work that waits for its turn. */
interface Errand {
  run(): Promise<void>
  refuse(error: Error): void
}

/** Brings one run from its current to its wanted state, and watches it while it runs. It does one thing at a time; the work itself is in other files. */
export class RunWorker {
  readonly id: string
  progress: Progress | undefined
  readonly #tools: ReconcilerTools
  readonly #rests: () => void
  readonly #store: RunStore
  readonly #watch: MachineWatch
  readonly #tasks: RunTasks
  readonly #errands: Errand[] = []
  readonly #looked = Promise.withResolvers<void>()
  #isBusy = false
  #again = false
  #cancel = new AbortController()
  #retries = 0
  #triggerTimer: NodeJS.Timeout | undefined
  #isClosed = false
  #slot: Disposable | undefined

  /** `rests`: called when there is nothing to do until somebody wants something. */
  constructor(id: string, tools: ReconcilerTools, rests: () => void) {
    this.id = id
    this.#tools = tools
    this.#rests = rests
    this.#store = runStore(tools.layers, id)
    this.#watch = new MachineWatch(id, tools.db, () => tools.changed(id))
    this.#tasks = new RunTasks(id, tools)
  }

  /** Resolves when it has looked at the run's machines, or failed to. */
  get looked(): Promise<void> {
    return this.#looked.promise
  }

  /** Handles an event of one of its machines. */
  note(event: MachineEvent): void {
    if (this.#isClosed) return
    const { log } = this.#tools
    void this.#watch.note(event).catch((error) => log.error({ err: error, run: this.id }, 'noting a machine event failed'))
    if (event.kind === 'ended') this.trigger()
    if (event.kind === 'link' && event.isReady) this.#tasks.trigger()
  }

  /** Triggers a new look at what is wanted. `supersede`: the workflow under way ends at its next step. */
  trigger(options: { readonly supersede?: boolean } = {}): void {
    if (this.#isClosed) return
    clearTimeout(this.#triggerTimer)
    if (options.supersede) {
      this.#retries = 0
      this.#cancel.abort(new Superseded())
    }
    this.#again = true
    if (!this.#isBusy) void this.#run()
  }

  close(): void {
    this.#isClosed = true
    this.#looked.resolve()
    clearTimeout(this.#triggerTimer)
    this.#cancel.abort(new Superseded())
    this.#tasks.pause()
    this.#watch.close()
    for (const errand of this.#errands.splice(0)) errand.refuse(serverClosing())
    this.#tools.host.forget(this.id)
  }

  /** Does exclusive work on a RUNNING run and its machines. Rejects with `action_refused` when the run is not RUNNING, and with `server_closing`. */
  during<T>(work: (run: RunAtWork) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(serverClosing())
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const run = async () => {
      try {
        const row = await findRun(this.#tools.db, this.id)
        if (row?.wanted !== 'RUNNING' || row.state !== 'RUNNING')
          throw actionRefused('clone live', row?.state ?? 'DESTROYED', 'It is not running any more.')
        resolve(await work(this.#atWork()))
      } catch (error) {
        if (!(error instanceof Superseded)) return reject(error)
        const other = actionRefused('clone live', 'RUNNING', 'Something else was asked of it meanwhile.')
        reject(this.#isClosed ? serverClosing() : other)
      }
    }
    this.#errands.push({ run, refuse: reject })
    this.trigger()
    return promise
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    let next: Next = 'watch'
    try {
      while (this.#again && !this.#isClosed) {
        this.#again = false
        this.#cancel = new AbortController()
        try {
          next = await this.#advance()
          this.#looked.resolve()
          for (let errand = this.#errands.shift(); errand; errand = this.#errands.shift()) await errand.run()
        } catch (error) {
          if (!this.#cancel.signal.aborted) throw error
        }
      }
    } catch (error) {
      this.#retryLater(error)
      next = 'watch'
    } finally {
      this.#isBusy = false
      this.#looked.resolve()
    }
    if (next === 'rest' && !this.#isClosed) this.#rests()
  }

  /** Does what the decision says, and returns the decision. */
  async #advance(): Promise<Next> {
    const row = await findRun(this.#tools.db, this.id)
    const next = row ? decide(row.wanted, row.state) : 'rest'
    if (next === 'watch') this.#tasks.resume()
    else this.#tasks.pause()
    if (!row || next === 'rest') return 'rest'
    if (next === 'watch') await lookAfter(this.#atWork())
    else {
      if (next === 'start') await bringUp(this.#atWork(), row)
      if (next === 'stop') await switchOff(this.#atWork(), row)
      if (next === 'destroy') await destroyRun(this.#atWork())
      // Decide again from what has been written.
      this.#again = true
    }
    return next
  }

  #atWork(): RunAtWork {
    const { signal } = this.#cancel
    const run: RunAtWork = {
      id: this.id,
      tools: this.#tools,
      store: this.#store,
      watch: this.#watch,
      signal,
      names: async () => (await this.#store.read()).plan.machines.map((machine) => machine.name),
      perform: (workflow, machines) => this.#perform(workflow, machines, signal),
      take: (workflow) =>
        runWorkflow(workflow, run, {
          signal,
          onStep: (step, message) => this.#report({ step, message }),
          afterStep: (name) => this.#tools.afterStep(name),
        }),
      report: (progress) => this.#report(progress),
      takeSlot: async () => {
        const { bringUps } = this.#tools
        if (!bringUps.hasPlace(this.id)) this.#report({ step: 'wait', message: 'Waiting until other runs have come up' })
        this.#slot = await bringUps.take(this.id, signal)
      },
      giveSlotBack: () => this.#giveSlotBack(),
      isUnderWay: () => this.progress !== undefined,
      settled: () => this.#settled(),
      trigger: (afterMs) => {
        if (afterMs === undefined) this.trigger()
        else this.#triggerTimer = setTimeout(() => this.trigger(), afterMs).unref()
      },
    }
    return run
  }

  async #perform(workflow: WorkflowName, machines: readonly string[], signal: AbortSignal): Promise<void> {
    const { host, log, afterStep } = this.#tools
    const began = performance.now()
    const stepsMs = await host.perform(workflow, {
      runId: this.id,
      machines,
      store: this.#store,
      signal,
      onStep: (step, message) => {
        if (step.endsWith('/await-guests')) this.#giveSlotBack()
        this.#report({ step, message })
      },
      onProgress: (message, percent) => this.#report({ step: this.progress?.step ?? workflow, message, percent }),
      afterStep,
      warn: (message) => log.warn({ run: this.id }, message),
    })
    const took = { run: this.id, workflow, ms: Math.round(performance.now() - began), stepsMs }
    if (Object.keys(stepsMs).length > 0) log.info(took, 'a workflow is over')
  }

  #giveSlotBack(): void {
    this.#slot?.[Symbol.dispose]()
    this.#slot = undefined
  }

  #report(progress: Progress): void {
    this.progress = progress
    this.#tools.changed(this.id)
  }

  #settled(): void {
    this.progress = undefined
    this.#retries = 0
    this.#tools.changed(this.id)
  }

  /** Handles a failure on the host (say, `nft` failed during a stop). The request stands, and is tried again until it succeeds or changes. */
  #retryLater(error: unknown): void {
    if (this.#isClosed) return
    const delay = retryAfterMs[Math.min(this.#retries, retryAfterMs.length - 1)] ?? 60_000
    this.#retries += 1
    this.#tools.log.error({ err: error, run: this.id, retryInMs: delay }, 'a step failed')
    this.#report({
      step: this.progress?.step ?? 'retry',
      message: `${toFailure(error, this.#tools.layers.home).message} Trying again in ${delay / 1000} s.`,
    })
    this.#triggerTimer = setTimeout(() => this.trigger(), delay)
  }
}

const serverClosing = () =>
  new RametError('server_closing', 503, 'The server ends.', { hint: 'Try again once it has been started again.' })
