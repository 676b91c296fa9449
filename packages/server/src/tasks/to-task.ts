import type { PlayTask, PlayTaskDetails } from '@ramet/model/api/wire.ts'
import type { Db } from '../store/database.ts'
import type { Run } from '../store/runs.ts'
import type { TaskRow } from '../store/schema.ts'
import { listTasks } from '../store/tasks.ts'
import { type CheckResult, parseChecks } from './checks.ts'
import { plannedTasks, tasksAtWork } from './task-rows.ts'

/** Converts a task for a play. */
export const toTask = ({ name, kind, status, version }: Pick<TaskRow, 'name' | 'kind' | 'status' | 'version'>): PlayTask => ({
  name,
  init: kind === 'init',
  helper: kind === 'helper',
  status,
  version,
})

/** The same with its definition and output. */
export async function taskDetails(db: Db, run: Run): Promise<PlayTaskDetails[]> {
  return tasksAtWork(plannedTasks(run), await listTasks(db, run.id)).map(
    ({ machine, needs, run: script, env, hintcheck, failcheck, user, timeoutSeconds, row }) => ({
      ...toTask(row),
      machine,
      needs: [...needs],
      run: script,
      ...(env === undefined ? {} : { env: [...env] }),
      user,
      timeoutSeconds,
      ...(row.exit_code === null ? {} : { exitCode: row.exit_code }),
      stdout: row.stdout,
      stderr: row.stderr,
      ...(row.last_run_at === null ? {} : { lastRunAt: row.last_run_at }),
      ...(row.duration_ms === null ? {} : { lastDurationMs: row.duration_ms }),
      ...(row.reason === null ? {} : { reason: row.reason }),
      ...checkFields('hintcheck', hintcheck, parseChecks(row.checks).hintcheck),
      ...checkFields('failcheck', failcheck, parseChecks(row.checks).failcheck),
    }),
  )
}

/** As labctl has them: `hintcheck`, `hintcheckExitCode`, `hintcheckStdout` by lines… */
function checkFields(name: 'hintcheck' | 'failcheck', script: string | undefined, result: CheckResult | undefined): object {
  if (script === undefined) return {}
  if (result === undefined) return { [name]: script }
  const { exitCode, stdout, stderr } = result
  return { [name]: script, [`${name}ExitCode`]: exitCode, [`${name}Stdout`]: linesOf(stdout), [`${name}Stderr`]: linesOf(stderr) }
}

const linesOf = (text: string): string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'))
