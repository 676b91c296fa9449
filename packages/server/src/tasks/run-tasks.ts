import { setTimeout as delay } from 'node:timers/promises'
import type { TaskSight } from '@ramet/engine'
import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import { outputsNeeded, taskScript } from '@ramet/model/plan/task-script.ts'
import { taskOutlooks, taskStatus } from '@ramet/model/run/task-state.ts'
import type { ReconcilerTools } from '../reconcile/run-at-work.ts'
import { now } from '../store/database.ts'
import { findRun } from '../store/runs.ts'
import type { TaskRow } from '../store/schema.ts'
import { changeTask, listTasks, type TaskChange } from '../store/tasks.ts'
import { repeatTask } from './repeat-task.ts'
import { storable } from './storable.ts'
import { plannedTasks, tasksAtWork } from './task-rows.ts'

const { created, blocked, running, failed, completed } = taskStatus
/** Most tasks at once: more make a small guest slow enough to miss the tasks' timeouts. */
const atOnceOnAMachine = 4
const betweenTriesMs = 1000
/** How often the output of a running task is read. */
const readOutputEveryMs = 2000

const rebooted = 'Its machine was rebooted before it ended.'

/**
 * Runs the tasks of a run while it is RUNNING. Init tasks: begins each once when all it needs has completed, and records how it ends. Such a task goes on in its
 * guest without the server, so no state is kept here: a later server finds a begun task by its name and its boot id, which is recorded before the task begins.
 * Repeated tasks: tries each when all init tasks have completed (repeat-task.ts). Their tries end with this process, and with a pause.
 */
export class RunTasks {
  readonly #runId: string
  readonly #tools: ReconcilerTools
  /** Tasks that this process follows, with their machine. */
  readonly #followed = new Map<string, string>()
  /** Repeated tasks that this process tries. */
  readonly #repeated = new Set<string>()
  #resting = new AbortController()
  #isOn = false
  #queue: Promise<void> = Promise.resolve()

  constructor(runId: string, tools: ReconcilerTools) {
    this.#runId = runId
    this.#tools = tools
  }

  resume(): void {
    if (this.#resting.signal.aborted) this.#resting = new AbortController()
    this.#isOn = true
    this.trigger()
  }

  /** Begins no more tasks; running init tasks go on, and tries of repeated ones end. */
  pause(): void {
    this.#isOn = false
    this.#resting.abort(new Error('the run is paused'))
  }

  /** Called when more tasks may begin: a machine answers, a task ended. */
  trigger(): void {
    if (!this.#isOn) return
    this.#queue = this.#queue
      .then(() => this.#look())
      .catch((error) => this.#tools.log.error({ err: error, run: this.#runId }, 'looking after the tasks failed'))
  }

  async #look(): Promise<void> {
    const { db } = this.#tools
    const run = await findRun(db, this.#runId)
    const plan = run ? plannedTasks(run) : []
    if (!run || plan.length === 0 || run.state !== 'RUNNING') return
    const tasks = tasksAtWork(plan, await listTasks(db, this.#runId))
    const outlooks = taskOutlooks(tasks)
    for (const task of tasks) {
      const outlook = outlooks.get(task.name)
      if (!this.#isOn) return
      if (outlook === 'ready' && task.row.kind !== 'init') {
        // A throwaway run of the platform's is not there for somebody to do something in it.
        if (run.purpose === 'user') this.#repeat(task)
      } else if (outlook === 'ready') this.#follow(task, task.row)
      else if (outlook !== 'over') await this.#change(task.name, [created], { status: blocked })
    }
  }

  #repeat(task: PlanTask): void {
    if (this.#repeated.has(task.name) || !this.#isReady(task.machine)) return
    this.#repeated.add(task.name)
    const { signal } = this.#resting
    const repeat = async () => {
      try {
        await repeatTask(this.#runId, task, this.#tools, signal)
      } catch (error) {
        if (signal.aborted) return
        this.#tools.log.debug({ err: error, run: this.#runId, task: task.name }, 'a task could not be tried')
        await delay(betweenTriesMs, undefined, { signal, ref: false }).catch(() => {})
      } finally {
        this.#repeated.delete(task.name)
      }
      this.trigger()
    }
    void repeat()
  }

  #follow(task: PlanTask, row: TaskRow): void {
    if (this.#followed.has(task.name) || !this.#isReady(task.machine)) return
    const beside = [...this.#followed.values()].filter((machine) => machine === task.machine).length
    if (row.status !== running && beside >= atOnceOnAMachine) return
    this.#followed.set(task.name, task.machine)
    const run = async () => {
      try {
        await this.#toItsEnd(task, row)
      } catch (error) {
        // The link was lost: by a reboot, with the machine, or for a moment. Check again when it is back.
        this.#tools.log.debug({ err: error, run: this.#runId, task: task.name }, 'lost sight of a task')
        setTimeout(() => this.trigger(), betweenTriesMs).unref()
      } finally {
        this.#followed.delete(task.name)
      }
      this.trigger()
    }
    void run()
  }

  #isReady(name: string): boolean {
    return this.#tools.host.on(this.#runId).some(({ machine, isReady }) => machine === name && isReady)
  }

  async #toItsEnd(planned: PlanTask, row: TaskRow): Promise<void> {
    const { machines } = this.#tools.host
    const task = { ...planned, name: nameInGuest(row) }
    let sight = await machines.lookAtTask(this.#runId, task)
    let { boot } = row
    if (row.status !== running) {
      boot = sight.now
      const change = { status: running, boot, last_run_at: now() }
      if (!(await this.#change(row.name, [created, blocked], change))) return
      this.#tools.afterStep('tasks/begin')
    }
    // A record of another boot belongs to another lineage, or to an end that no server read.
    const isBegun = sight.began !== undefined && sight.began === boot
    if (!isBegun && sight.now !== boot) return this.#fails(row, { reason: rebooted })
    if (!isBegun) {
      const { refused, exitCode } = await machines.beginTask(this.#runId, { ...task, run: await this.#script(planned) })
      if (refused !== undefined) return this.#fails(row, { reason: refused, exit_code: exitCode ?? null, stderr: refused })
      this.#tools.afterStep('tasks/start')
      sight = { ...sight, state: 'running' }
    }
    if (sight.state === 'running') sight = await this.#readToItsEnd(task, row)
    await this.#change(row.name, [running], endOf(task, sight))
    this.#tools.afterStep('tasks/end')
  }

  /** Records what the task prints while it runs. */
  async #readToItsEnd(task: PlanTask, { name, ...row }: TaskRow): Promise<TaskSight> {
    const { machines } = this.#tools.host
    const end = machines.awaitTask(this.#runId, task)
    end.catch(() => {})
    let read: Pick<TaskSight, 'stdout' | 'stderr'> = row
    for (;;) {
      const ended = await Promise.race([end, delay(readOutputEveryMs, undefined, { ref: false })])
      if (ended) return ended
      const { state, stdout, stderr } = await machines.lookAtTask(this.#runId, task)
      if (state !== 'running' || (stdout === read.stdout && stderr === read.stderr)) continue
      read = { stdout, stderr }
      await this.#change(name, [running], { status: running, stdout: storable(stdout), stderr: storable(stderr) })
    }
  }

  async #script({ run, env = [] }: PlanTask): Promise<string> {
    const names = outputsNeeded([run, ...env])
    if (names.size === 0 && env.length === 0) return run
    return taskScript(run, env, new Map((await listTasks(this.#tools.db, this.#runId)).map((row) => [row.name, row])))
  }

  async #fails(task: Pick<TaskRow, 'name'>, how: Omit<TaskChange, 'status'>): Promise<void> {
    await this.#change(task.name, [running], { status: failed, ...how })
  }

  async #change(name: string, from: Parameters<typeof changeTask>[3], change: TaskChange): Promise<boolean> {
    const isChanged = await changeTask(this.#tools.db, this.#runId, name, from, change)
    if (isChanged) this.#tools.changed(this.#runId)
    return isChanged
  }
}

/** What the guest knows a try of a task by: it begins none of the same name twice in a boot. No task's name begins with `_`. */
const nameInGuest = ({ name, attempt }: Pick<TaskRow, 'name' | 'attempt'>) => (attempt === 1 ? name : `_${attempt}_${name}`)

/** Returns what is recorded of an ended task. Pure. */
export function endOf({ timeoutSeconds }: Pick<PlanTask, 'timeoutSeconds'>, sight: TaskSight): TaskChange {
  const { state, exitCode, tookMs, stdout, stderr, began } = sight
  const output = { stdout: storable(stdout), stderr: storable(stderr) }
  if (state === 'exited') {
    return { status: exitCode === 0 ? completed : failed, exit_code: exitCode, duration_ms: tookMs, ...output }
  }
  if (state === 'timed-out') {
    return { status: failed, reason: `It took longer than ${timeoutSeconds} s and was ended.`, duration_ms: tookMs, ...output }
  }
  const reason = began === sight.now ? 'What watched over it in the machine was ended.' : rebooted
  return { status: failed, reason, ...output }
}

/** Step names for crash tests. */
export const taskStepNames = ['tasks/begin', 'tasks/start', 'tasks/end'] as const
