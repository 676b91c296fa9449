import type { PlayTask, PlayTaskDetails } from '@ramet/model/api/wire.ts'
import type { Db } from '../store/database.ts'
import type { Run } from '../store/runs.ts'
import type { TaskRow } from '../store/schema.ts'
import { listTasks } from '../store/tasks.ts'
import { plannedTasks, tasksAtWork } from './task-rows.ts'

/** Converts a task for a play. */
export const toTask = ({ name, status, version }: Pick<TaskRow, 'name' | 'status' | 'version'>): PlayTask => ({
  name,
  init: true,
  helper: false,
  status,
  version,
})

/** The same with its definition and output. */
export async function taskDetails(db: Db, run: Run): Promise<PlayTaskDetails[]> {
  return tasksAtWork(plannedTasks(run), await listTasks(db, run.id)).map(
    ({ machine, needs, run: script, user, timeoutSeconds, row }) => ({
      ...toTask(row),
      machine,
      needs: [...needs],
      run: script,
      user,
      timeoutSeconds,
      ...(row.exit_code === null ? {} : { exitCode: row.exit_code }),
      stdout: row.stdout,
      stderr: row.stderr,
      ...(row.last_run_at === null ? {} : { lastRunAt: row.last_run_at }),
      ...(row.duration_ms === null ? {} : { lastDurationMs: row.duration_ms }),
      ...(row.reason === null ? {} : { reason: row.reason }),
    }),
  )
}
