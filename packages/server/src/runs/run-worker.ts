import { asSpaceError } from '@ramet/engine/host/space.ts'
import { destroyJourney } from '@ramet/engine/run/destroy.ts'
import type { Host, RunBook } from '@ramet/engine/run/host.ts'
import { LiveRun } from '@ramet/engine/run/live-run.ts'
import type { RunContext } from '@ramet/engine/run/run-context.ts'
import { adopt, keepJourney, startJourney } from '@ramet/engine/run/start.ts'
import { type Journey, reach, type Step } from '@ramet/engine/run/steps.ts'
import { releaseJourney, stopJourney } from '@ramet/engine/run/stop.ts'
import { RametError } from '@ramet/model/error.ts'
import { internalError } from '@ramet/model/errors.ts'
import type { Failure, Progress } from '@ramet/model/wire.ts'
import type { Kysely } from 'kysely'
import type { Logger } from 'pino'
import type { Database } from '../store/schema.ts'
import { decide } from './decide.ts'
import { MachineWatch } from './machine-watch.ts'
import { changeRun, failureOf, findRun } from './run-rows.ts'

export interface WorkerTools {
  readonly db: Kysely<Database>
  readonly host: Host
  readonly log: Logger
  book(runId: string): RunBook
  /** The server's own first step of a start: sees that the images' layers are there and the drives' rows made. */
  chooseLayers(runId: string, report: (progress: Progress) => void): Step<RunContext>
  /** Something about the run changed: tell those who watch. */
  changed(runId: string): void
  /** Resolves when nobody changes the files of the run's drives from outside its journeys. */
  drivesFree(runId: string): Promise<void>
  /** The same, for machines that are to be switched on; finishes what was begun with their drives. */
  settleDrives(runId: string): Promise<void>
  /** The run is off now: its drives may be looked after in the background. */
  wentOff(runId: string): void
  /** Layers that nothing holds any more may go. */
  collect(): Promise<void>
  afterStep(name: string): void
}

/** A stop or destroy that the host refuses is tried again this often at the most; its progress says why. */
const retryAfterMs = [1_000, 5_000, 15_000, 60_000] as const

/** So long a resolver that died may be missing. Nobody is told of the end of a process that an earlier server started. */
const lookEveryMs = 10_000

/** Thrown into a journey when somebody wants something else meanwhile. */
class Superseded extends Error {}

/** Brings one run from where it is to where it is wanted, and watches it while it runs. At most one journey at a time. */
export class RunWorker {
  readonly id: string
  readonly live: LiveRun
  progress: Progress | undefined
  readonly #tools: WorkerTools
  readonly #watch: MachineWatch
  #isBusy = false
  #again = false
  #cancel = new AbortController()
  #retries = 0
  #wakeTimer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(id: string, tools: WorkerTools) {
    this.id = id
    this.#tools = tools
    this.live = new LiveRun(tools.host)
    this.#watch = new MachineWatch(id, tools.db, () => tools.changed(id))
    this.live.listen((event) => {
      if (this.#isClosed) return
      void this.#watch.note(event).catch((error) => tools.log.error({ err: error, run: id }, 'noting a machine event failed'))
      if (event.kind === 'ended') this.wake()
    })
  }

  /** Looks at what is wanted now. `supersede`: what is under way is given up at its next step. */
  wake(options: { supersede?: boolean } = {}): void {
    if (this.#isClosed) return
    clearTimeout(this.#wakeTimer)
    if (options.supersede) {
      this.#retries = 0
      this.#cancel.abort(new Superseded())
    }
    this.#again = true
    if (!this.#isBusy) void this.#run()
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#wakeTimer)
    this.#cancel.abort(new Superseded())
    this.live.release()
  }

  async #run(): Promise<void> {
    this.#isBusy = true
    try {
      while (this.#again && !this.#isClosed) {
        this.#again = false
        this.#cancel = new AbortController()
        try {
          await this.#advance()
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
    const next = decide(row.wanted, row.state, row.failure !== null)
    switch (next) {
      case 'rest':
        return
      case 'watch':
        return this.#look()
      case 'start':
        return this.#start()
      case 'stop':
        return this.#switchOff(stopJourney)
      case 'release':
        return this.#switchOff(releaseJourney)
      case 'destroy':
        await this.#tools.drivesFree(this.id)
        await this.#journey(destroyJourney)
        await changeRun(this.#tools.db, this.id, { state: 'DESTROYED', failure: null })
        await this.#tools.collect()
        this.#settled()
    }
  }

  async #start(): Promise<void> {
    const { db, chooseLayers, settleDrives } = this.#tools
    try {
      await changeRun(db, this.id, { state: 'WARMING_UP', ifWanted: 'RUNNING' })
      await this.#journey({ name: 'start', steps: [chooseLayers(this.id, (progress) => this.#report(progress))] })
      await changeRun(db, this.id, { state: 'STARTING', ifWanted: 'RUNNING' })
      await settleDrives(this.id)
      await this.#watch.all('STARTING', await this.#names())
      await this.#journey(startJourney)
      await changeRun(db, this.id, { state: 'RUNNING', failure: null, ifWanted: 'RUNNING' })
      await this.#watch.all('RUNNING', await this.#names(), true)
      this.#settled()
      this.wake()
    } catch (error) {
      if (this.#cancel.signal.aborted) throw error
      await this.#fail(this.#failure(error))
      this.#tools.log.warn({ err: error, run: this.id }, 'a run did not start')
    }
  }

  /** RUNNING: are all machines still there? */
  async #look(): Promise<void> {
    const { host, book } = this.#tools
    const off = await adopt({ host, book: book(this.id), live: this.live })
    await this.#watch.off(off)
    if (this.live.all().length > 0) {
      await this.#journey(keepJourney)
      if (this.progress) this.#settled()
      this.#wakeTimer = setTimeout(() => this.wake(), lookEveryMs).unref()
      return
    }
    const crashed = [...off].filter(([, end]) => end !== 'powered-off')
    if (crashed.length === 0) {
      await changeRun(this.#tools.db, this.id, { wanted: 'STOPPED', state: 'STOPPING', ifWanted: 'RUNNING' })
      this.wake()
      return
    }
    const [machine, end] = crashed[0] ?? ['', 'killed']
    await this.#fail({
      code: 'machine_ended',
      message: `The machine ${machine} ${end === 'crashed' ? 'crashed' : 'was ended from outside'}.`,
      hint: `What was synced to its drives is kept. Start it again with: ramet playground restart ${this.id}`,
    })
  }

  async #fail(failure: Failure): Promise<void> {
    await changeRun(this.#tools.db, this.id, { wanted: 'STOPPED', state: 'STOPPING', failure, ifWanted: 'RUNNING' })
    this.wake()
  }

  async #switchOff(journey: Journey<RunContext>): Promise<void> {
    await changeRun(this.#tools.db, this.id, { state: 'STOPPING', ifWanted: 'STOPPED' })
    if (journey === stopJourney) await this.#watch.all('STOPPING', await this.#names())
    await this.#journey(journey)
    const row = await findRun(this.#tools.db, this.id)
    if (!row) return
    const failure = failureOf(row)
    if (!failure) await this.#watch.all('STOPPED', await this.#names())
    await changeRun(this.#tools.db, this.id, {
      ifWanted: 'STOPPED',
      ...(failure ? { state: 'FAILED', failure } : { state: 'STOPPED' }),
    })
    this.#tools.wentOff(this.id)
    this.#settled()
  }

  async #journey(journey: Journey<RunContext>): Promise<void> {
    const { host, book, log } = this.#tools
    const context: RunContext = {
      host,
      book: book(this.id),
      live: this.live,
      signal: this.#cancel.signal,
      warn: (message) => log.warn({ run: this.id }, message),
    }
    await reach(journey, context, {
      signal: this.#cancel.signal,
      onStep: (step, message) => this.#report({ step, message }),
      afterStep: (name) => this.#tools.afterStep(name),
    })
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

  /** The host refused (say, `nft` failed while stopping). The wish stands: tried again until it is met or changed. */
  #retryLater(error: unknown): void {
    if (this.#isClosed) return
    const delay = retryAfterMs[Math.min(this.#retries, retryAfterMs.length - 1)] ?? 60_000
    this.#retries += 1
    this.#tools.log.error({ err: error, run: this.id, retryInMs: delay }, 'a step failed')
    this.#report({
      step: this.progress?.step ?? 'retry',
      message: `${this.#failure(error).message} Trying again in ${delay / 1000} s.`,
    })
    this.#wakeTimer = setTimeout(() => this.wake(), delay)
  }

  #failure(error: unknown): Failure {
    return toFailure(asSpaceError(error, this.#tools.host.home))
  }

  async #names(): Promise<string[]> {
    return (await this.#tools.book(this.id).read()).plan.machines.map((machine) => machine.name)
  }
}

function toFailure(error: unknown): Failure {
  const known = error instanceof RametError ? error : internalError()
  return { code: known.code, message: known.message, ...(known.hint === undefined ? {} : { hint: known.hint }) }
}
