import { taskNotFailed, unknownTask } from '@ramet/model/errors/errors.ts'
import { taskStatus, taskStatusWord } from '@ramet/model/run/task-state.ts'
import { mustAllow } from '../runs/allowed.ts'
import { type Db, transaction } from '../store/database.ts'
import { readRun } from '../store/runs.ts'
import { listTasks, retryFailedTask } from '../store/tasks.ts'

/**
 * Makes a task that failed begin again; what waited for it goes on after it. Throws `action_refused` while the run is not RUNNING, `unknown_task` and
 * `task_not_failed`.
 */
export async function retryTask(db: Db, runId: string, name: string): Promise<void> {
  await transaction(db, async (trx) => {
    mustAllow('retry_task', await readRun(trx, runId))
    const tasks = await listTasks(trx, runId)
    const task = tasks.find((each) => each.name === name)
    if (!task)
      throw unknownTask(
        name,
        tasks.map((each) => each.name),
      )
    if (await retryFailedTask(trx, runId, name)) return
    const is = task.status === taskStatus.completed ? 'has completed' : `is ${taskStatusWord(task.status)}`
    throw taskNotFailed(name, is)
  })
}
