import type { TaskSight } from '@ramet/engine'
import type { PlanTask } from '@ramet/model/plan/run-plan.ts'
import { taskOutlooks, taskStatus } from '@ramet/model/run/task-state.ts'
import type { ReconcilerTools } from '../reconcile/run-at-work.ts'
import { now } from '../store/database.ts'
import { findRun } from '../store/runs.ts'
import type { TaskRow } from '../store/schema.ts'
import { changeTask, listTasks, type TaskChange } from '../store/tasks.ts'
import { plannedTasks, tasksAtWork } from './task-rows.ts'

const { created, blocked, running, failed, completed } = taskStatus
/** Most tasks at once: more make a small guest slow enough to miss the tasks' timeouts. */
const atOnceOnAMachine = 4
const betweenTriesMs = 1000

const rebooted = 'Its machine was rebooted before it ended.'

/**
 * Runs the init tasks of a run while it is RUNNING: begins each once when all it needs has completed, and records how it ends. A task goes on in its
 * guest without the server, so no state is kept here: a later server finds a begun task by its name and its boot id, which is recorded before the task begins.
 */
export class RunTasks {
  readonly #runId: string
  readonly #tools: ReconcilerTools
  /** Tasks that this process follows, with their machine. */
  readonly #followed = new Map<string, string>()
  #isOn = false
  #queue: Promise<void> = Promise.resolve()

  constructor(runId: string, tools: ReconcilerTools) {
    this.#runId = runId
    this.#tools = tools
  }

  resume(): void {
    this.#isOn = true
    this.trigger()
  }

  /** Begins no more tasks; running ones go on. */
  pause(): void {
    this.#isOn = false
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
      if (outlook === 'ready') this.#follow(task, task.row)
      else if (outlook !== 'over') await this.#change(task.name, [created], { status: blocked })
    }
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

  async #toItsEnd(task: PlanTask, row: TaskRow): Promise<void> {
    const { machines } = this.#tools.host
    let sight = await machines.lookAtTask(this.#runId, task)
    let { boot } = row
    if (row.status !== running) {
      boot = sight.now
      const change = { status: running, boot, last_run_at: now() }
      if (!(await this.#change(task.name, [created, blocked], change))) return
      this.#tools.afterStep('tasks/begin')
    }
    // A record of another boot belongs to another lineage, or to an end that no server read.
    const isBegun = sight.began !== undefined && sight.began === boot
    if (!isBegun && sight.now !== boot) return this.#fails(task, { reason: rebooted })
    if (!isBegun) {
      const { refused, exitCode } = await machines.beginTask(this.#runId, task)
      if (refused !== undefined) return this.#fails(task, { reason: refused, exit_code: exitCode ?? null, stderr: refused })
      this.#tools.afterStep('tasks/start')
      sight = { ...sight, state: 'running' }
    }
    if (sight.state === 'running') sight = await machines.awaitTask(this.#runId, task)
    await this.#change(task.name, [running], endOf(task, sight))
    this.#tools.afterStep('tasks/end')
  }

  async #fails(task: PlanTask, how: Omit<TaskChange, 'status'>): Promise<void> {
    await this.#change(task.name, [running], { status: failed, ...how })
  }

  async #change(name: string, from: Parameters<typeof changeTask>[3], change: TaskChange): Promise<boolean> {
    const isChanged = await changeTask(this.#tools.db, this.#runId, name, from, change)
    if (isChanged) this.#tools.changed(this.#runId)
    return isChanged
  }
}

/** Returns what is recorded of an ended task. Pure. */
export function endOf({ timeoutSeconds }: Pick<PlanTask, 'timeoutSeconds'>, sight: TaskSight): TaskChange {
  const { state, exitCode, tookMs, stdout, stderr, began } = sight
  // PostgreSQL's text cannot contain NUL.
  const output = { stdout: stdout.replaceAll('\0', '�'), stderr: stderr.replaceAll('\0', '�') }
  if (state === 'exited') {
    return { status: exitCode === 0 ? completed : failed, exit_code: exitCode, duration_ms: tookMs, ...output }
  }
  if (state === 'timed-out') {
    return { status: failed, reason: `It took longer than ${timeoutSeconds} s and was ended.`, duration_ms: tookMs, ...output }
  }
  const reason = began === sight.now ? 'What watched over it in the machine was ended.' : rebooted
  return { status: failed, reason, ...output }
}

/** Step names for RAMET_CRASH_AFTER. */
export const taskStepNames = ['tasks/begin', 'tasks/start', 'tasks/end'] as const
