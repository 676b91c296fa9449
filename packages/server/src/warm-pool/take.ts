import { areInitTasksOver, taskStatus } from '@ramet/model/run/task-state.ts'
import { dropMemory, transition } from '../runs/run.ts'
import { transaction } from '../store/database.ts'
import { snapshotOf } from '../store/run-memory.ts'
import { listTasks } from '../store/tasks.ts'
import { setWarmStart } from '../store/warm-starts.ts'
import { plannedTasks, tasksAtWork } from '../tasks/task-rows.ts'
import { insertThrowaway, reached } from './throwaway.ts'
import type { WarmTarget, WarmTools } from './warm-tools.ts'

/** Why the work was cancelled, as part of a sentence. */
export class GivenUp extends Error {}

/** Bound for a start with its init tasks, which have their own timeouts. */
const upWithinMs = 30 * 60_000
/** Bound for settling. After it the work of the first boot is complete, and no start repeats what the image does after it answers (one second each). */
const settlesWithinSeconds = 180

/** Step names for crash tests; the steps of a start and of a stop that keeps memory are in between. */
export const warmStartSteps: readonly string[] = ['write-rows', 'run-tasks', 'settle', 'keep-memory', 'write-down'].map(
  (step) => `warm-start/${step}`,
)

/**
 * Makes a throwaway run of the playground, waits until it is up, its init tasks are done and it has settled, and keeps its memory. One transaction makes the snapshot
 * the warm start of later runs, and the throwaway run wanted DESTROYED. Returns its id. On failure the caller destroys the run. Throws `not_enough_memory`.
 */
export async function takeWarmStart(tools: WarmTools, request: WarmTarget, signal: AbortSignal): Promise<string> {
  const { db, host, reconciler, background, afterStep } = tools
  const id = await transaction(db, (trx) => insertThrowaway(trx, tools, request, 'to be kept warm'))
  afterStep('warm-start/write-rows')
  background.add(id)
  const worker = reconciler.worker(id)
  worker.trigger()
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(upWithinMs)])
  const row = await reached(
    db,
    id,
    async (run) => run.state === 'RUNNING' && areInitTasksOver(tasksAtWork(plannedTasks(run), await listTasks(db, id))),
    inTime,
  )
  const failed = (await listTasks(db, row.id)).find(({ kind, status }) => kind === 'init' && status !== taskStatus.completed)
  if (failed) throw new Error(`its init task ${failed.name} did not complete: ${failed.reason ?? failed.stderr.slice(0, 200)}`)
  afterStep('warm-start/run-tasks')
  await Promise.all(
    request.plan.machines.map(({ name }) => host.machines.settled({ runId: id, machine: name }, settlesWithinSeconds)),
  )
  signal.throwIfAborted()
  afterStep('warm-start/settle')
  await transition(db, id, { action: 'stop' })
  worker.trigger({ supersede: true })
  const { memory, cold_reason: why } = await reached(db, id, ({ state }) => state === 'STOPPED', inTime)
  const snapshotId = snapshotOf(memory)
  if (snapshotId === undefined) throw new Error(why ?? 'its memory was not kept')
  afterStep('warm-start/keep-memory')
  await transaction(db, async (trx) => {
    await setWarmStart(trx, { playground_id: request.playground.id, shape: request.shape, snapshot_id: snapshotId })
    await transition(trx, id, { action: 'destroy' })
    await dropMemory(trx, id)
  })
  afterStep('warm-start/write-down')
  return id
}
