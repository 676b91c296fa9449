import type { TaskKind } from '@ramet/model/plan/task-kind.ts'
import { type TaskStatus, taskStatus } from '@ramet/model/run/task-state.ts'
import { type Db, transaction } from './database.ts'
import type { TaskRow } from './schema.ts'

/** True while an init task of a user's run is at work. */
export async function isAnyTaskAtWork(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('run_tasks')
    .innerJoin('runs', 'runs.id', 'run_tasks.run_id')
    .select('run_tasks.name')
    .where('runs.state', '=', 'RUNNING')
    .where('runs.purpose', '=', 'user')
    .where('run_tasks.status', '=', taskStatus.running)
    .where('run_tasks.kind', '=', 'init')
    .executeTakeFirst()
  return row !== undefined
}

/** States of runs' tasks. Their definitions are in the run's plan. */

const blank = {
  boot: null,
  exit_code: null,
  stdout: '',
  stderr: '',
  reason: null,
  checks: null,
  last_run_at: null,
  duration_ms: null,
}

/** Inserts the tasks of a new run; none has begun. */
export async function insertTasks(
  trx: Db,
  runId: string,
  tasks: readonly { readonly name: string; readonly kind?: TaskKind | undefined }[],
): Promise<void> {
  for (const [index, { name, kind = 'init' }] of tasks.entries()) {
    await trx
      .insertInto('run_tasks')
      .values({ ...blank, run_id: runId, name, kind, task_index: index, status: taskStatus.created, version: 1 })
      .execute()
  }
}

/** In the order of the manifest. */
export async function listTasks(db: Db, runId: string): Promise<TaskRow[]> {
  return db.selectFrom('run_tasks').selectAll().where('run_id', '=', runId).orderBy('task_index').execute()
}

export type TaskChange = Partial<
  Pick<TaskRow, 'boot' | 'exit_code' | 'stdout' | 'stderr' | 'reason' | 'checks' | 'last_run_at' | 'duration_ms'>
> & { readonly status: TaskStatus }

/** Changes a task that has one of the statuses `from`; returns whether it did. A task that is over is never changed. */
export async function changeTask(
  db: Db,
  runId: string,
  name: string,
  from: readonly TaskStatus[],
  change: TaskChange,
): Promise<boolean> {
  const result = await db
    .updateTable('run_tasks')
    .set(({ eb }) => ({ ...change, version: eb('version', '+', 1) }))
    .where('run_id', '=', runId)
    .where('name', '=', name)
    .where('status', 'in', [...from])
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

/** Ends running tasks of machines whose memory is gone: init tasks have failed, repeated ones begin again when their machine is back. */
export async function endRunningTasks(db: Db, runId: string, names: readonly string[], reason: string): Promise<void> {
  if (names.length === 0) return
  await transaction(db, async (trx) => {
    await restTasks(trx, runId, names)
    for (const name of names) {
      await changeTask(trx, runId, name, [taskStatus.running], { status: taskStatus.failed, reason })
    }
  })
}

/** Repeated tasks that were at work wait again: their run or machine is off. `names`: default all. */
export async function restTasks(db: Db, runId: string, names?: readonly string[]): Promise<void> {
  const resting = db
    .updateTable('run_tasks')
    .set(({ eb }) => ({ status: taskStatus.created, version: eb('version', '+', 1) }))
    .where('run_id', '=', runId)
    .where('kind', '!=', 'init')
    .where('status', '=', taskStatus.running)
  await (names === undefined ? resting : resting.where('name', 'in', [...names])).execute()
}

/** A task that failed is as if it had never begun. Returns false for one that has not failed. */
export async function retryFailedTask(trx: Db, runId: string, name: string): Promise<boolean> {
  const result = await trx
    .updateTable('run_tasks')
    .set(({ eb }) => ({ ...blank, status: taskStatus.created, attempt: eb('attempt', '+', 1), version: eb('version', '+', 1) }))
    .where('run_id', '=', runId)
    .where('name', '=', name)
    .where('status', '=', taskStatus.failed)
    .executeTakeFirst()
  return result.numUpdatedRows > 0n
}

const results = ['name', 'status', 'exit_code', 'stdout', 'stderr', 'reason', 'checks', 'last_run_at', 'duration_ms'] as const
const over = [taskStatus.completed, taskStatus.failed] as const

/**
 * For a clone, whose own rows say that nothing has begun: tasks run once in a lineage, so those that are over in the source are over there, with their output.
 * The rest is to begin anew. What was begun in a guest that goes on in the copy, memory and all, is found there again by its boot and its attempt rather than begun twice.
 */
export async function copyTasks(trx: Db, fromRun: string, toRun: string): Promise<void> {
  const rows = await trx
    .selectFrom('run_tasks')
    .select(results)
    .where('run_id', '=', fromRun)
    .where('status', 'in', over)
    .execute()
  for (const { name, ...result } of rows) await changeTask(trx, toRun, name, [taskStatus.created], result)
  const retried = await trx
    .selectFrom('run_tasks')
    .select(['name', 'attempt'])
    .where('run_id', '=', fromRun)
    .where('attempt', '>', 1)
    .execute()
  for (const { name, attempt } of retried)
    await trx.updateTable('run_tasks').set({ attempt }).where('run_id', '=', toRun).where('name', '=', name).execute()
}

/** Resets all tasks as in a new run: none has begun. */
export async function resetTasks(trx: Db, runId: string): Promise<void> {
  await trx
    .updateTable('run_tasks')
    .set(({ eb }) => ({ ...blank, status: taskStatus.created, version: eb('version', '+', 1) }))
    .where('run_id', '=', runId)
    .execute()
}

/** With a playground that is saved from a run. */
export async function saveTasks(trx: Db, runId: string, playgroundId: string): Promise<void> {
  const rows = await trx.selectFrom('run_tasks').select(results).where('run_id', '=', runId).where('status', 'in', over).execute()
  for (const { status, ...result } of rows) {
    if (status !== taskStatus.completed && status !== taskStatus.failed) continue
    await trx
      .insertInto('playground_tasks')
      .values({ ...result, status, playground_id: playgroundId })
      .execute()
  }
}

/** Into a new run of a saved playground. */
export async function takeSavedTasks(trx: Db, playgroundId: string, runId: string): Promise<void> {
  const rows = await trx.selectFrom('playground_tasks').select(results).where('playground_id', '=', playgroundId).execute()
  for (const { name, ...result } of rows) await changeTask(trx, runId, name, [taskStatus.created], result)
}

/** Runs of the saved playground do the task again. */
export async function deletePlaygroundTask(trx: Db, playgroundId: string, name: string): Promise<void> {
  await trx.deleteFrom('playground_tasks').where('playground_id', '=', playgroundId).where('name', '=', name).execute()
}
