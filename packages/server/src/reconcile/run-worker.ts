import { type Host, type MachineEvent, runWorkflow, type Step, type WorkflowName } from '@ramet/engine'
import type { Progress } from '@ramet/model/api/wire.ts'
import { actionRefused } from '@ramet/model/errors/errors.ts'
import { findRun } from '../store/runs.ts'
import { RunTasks } from '../tasks/run-tasks.ts'
import { type OwnContext, type RunAtWork, toFailure, type WorkerTools } from './active-run.ts'
import { bringUp } from './bring-up.ts'
import { decide } from './decide.ts'
import { MachineWatch } from './machine-events.ts'
import { destroyRun, switchOff } from './take-down.ts'
import { lookAfter } from './watch-machines.ts'

/** A stop or destroy that the host refuses is tried again this often at the most; its progress says why. */
const retryAfterMs = [1_000, 5_000, 15_000, 60_000] as const

/** Thrown into a workflow when somebody wants something else meanwhile. */
class Superseded extends Error {}

/** Brings one run from where it is to where it is wanted, and watches it while it runs. One thing at a time; what there is to do is in files of their own. */
export class RunWorker {
  readonly id: string
  progress: Progress | undefined
  readonly #tools: WorkerTools
  readonly #watch: MachineWatch
  readonly #tasks: RunTasks
  readonly #errands: (() => Promise<void>)[] = []
  #isBusy = false
  #again = false
  #cancel = new AbortController()
  #retries = 0
  #triggerTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(id: string, tools: WorkerTools) {
    this.id = id
    this.#tools = tools
    this.#watch = new MachineWatch(id, tools.db, () => tools.changed(id))
    this.#tasks = new RunTasks(id, tools)
  }

  /** For what keeps playgrounds warm, until it is given the host itself. */
  get host(): Host {
    return this.#tools.host
  }

  /** Something happened to one of its machines. */
  note(event: MachineEvent): void {
    if (this.#isClosed) return
    void this.#watch
      .note(event)
      .catch((error) => this.#tools.log.error({ err: error, run: this.id }, 'noting a machine event failed'))
    if (event.kind === 'ended') this.trigger()
    if (event.kind === 'link' && event.isReady) this.#tasks.trigger()
  }

  /** Looks at what is wanted now. `supersede`: what is under way ends at its next step. */
  trigger(options: { supersede?: boolean } = {}): void {
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
    clearTimeout(this.#triggerTimer)
    this.#cancel.abort(new Superseded())
    this.#tasks.pause()
    this.#tools.host.forget(this.id)
  }

  /** Does something with a run that is RUNNING and its machines, while nothing else is done with them. Rejects with `action_refused` when it is not. */
  during<T>(work: (run: RunAtWork) => Promise<T>): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    this.#errands.push(async () => {
      try {
        const row = await findRun(this.#tools.db, this.id)
        if (row?.wanted !== 'RUNNING' || row.state !== 'RUNNING')
          throw actionRefused('clone live', row?.state ?? 'DESTROYED', 'It is not running any more.')
        resolve(await work(this.#atWork()))
      } catch (error) {
        reject(
          error instanceof Superseded
            ? actionRefused('clone live', 'RUNNING', 'Something else was asked of it meanwhile.')
            : error,
        )
      }
    })
    this.trigger()
    return promise
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    try {
      while (this.#again && !this.#isClosed) {
        this.#again = false
        this.#cancel = new AbortController()
        try {
          await this.#advance()
          for (let errand = this.#errands.shift(); errand; errand = this.#errands.shift()) await errand()
        } catch (error) {
          if (!this.#cancel.signal.aborted) throw error
        }
      }
    } catch (error) {
      this.#retryLater(error)
    } finally {
      this.#isBusy = false
    }
  }

  async #advance(): Promise<void> {
    const row = await findRun(this.#tools.db, this.id)
    if (!row) return
    const next = decide(row.wanted, row.state)
    if (next === 'watch') this.#tasks.resume()
    else this.#tasks.pause()
    switch (next) {
      case 'rest':
        return
      case 'watch':
        return lookAfter(this.#atWork())
      case 'start':
        return bringUp(this.#atWork(), row)
      case 'stop':
        return switchOff(this.#atWork(), row)
      case 'destroy':
        return destroyRun(this.#atWork())
    }
  }

  #atWork(): RunAtWork {
    const { signal } = this.#cancel
    return {
      id: this.id,
      tools: this.#tools,
      watch: this.#watch,
      signal,
      names: async () => (await this.#tools.store(this.id).read()).plan.machines.map((machine) => machine.name),
      workflow: (workflow, machines) => this.#workflow(workflow, machines, signal),
      step: (workflow, step) => this.#step(workflow, step, signal),
      report: (progress) => this.#report(progress),
      isUnderWay: () => this.progress !== undefined,
      settled: () => this.#settled(),
      trigger: (afterMs) => {
        if (afterMs === undefined) this.trigger()
        else this.#triggerTimer = setTimeout(() => this.trigger(), afterMs).unref()
      },
    }
  }

  async #workflow(workflow: WorkflowName, machines: readonly string[], signal: AbortSignal): Promise<void> {
    const { host, store, log, afterStep } = this.#tools
    const began = performance.now()
    const stepsMs = await host.perform(workflow, {
      runId: this.id,
      machines,
      store: store(this.id),
      signal,
      onStep: (step, message) => this.#report({ step, message }),
      onProgress: (message, percent) => this.#report({ step: this.progress?.step ?? workflow, message, percent }),
      afterStep,
      warn: (message) => log.warn({ run: this.id }, message),
    })
    const took = { run: this.id, workflow, ms: Math.round(performance.now() - began), stepsMs }
    if (Object.keys(stepsMs).length > 0) log.info(took, 'a workflow is over')
  }

  async #step(workflow: WorkflowName, step: Step<OwnContext>, signal: AbortSignal): Promise<void> {
    await runWorkflow(
      { name: workflow, steps: [step] },
      { signal },
      {
        signal,
        onStep: (name, message) => this.#report({ step: name, message }),
        afterStep: (name) => this.#tools.afterStep(name),
      },
    )
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

  /** The host refused (say, `nft` failed while stopping). The request stands: tried again until it is met or changed. */
  #retryLater(error: unknown): void {
    if (this.#isClosed) return
    const delay = retryAfterMs[Math.min(this.#retries, retryAfterMs.length - 1)] ?? 60_000
    this.#retries += 1
    this.#tools.log.error({ err: error, run: this.id, retryInMs: delay }, 'a step failed')
    this.#report({
      step: this.progress?.step ?? 'retry',
      message: `${toFailure(error, this.#tools.home).message} Trying again in ${delay / 1000} s.`,
    })
    this.#triggerTimer = setTimeout(() => this.trigger(), delay)
  }
}
