import type { Play, PlayTask, PlayTaskDetails } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { type TaskKind, taskKind, taskKinds } from '@ramet/model/plan/task-kind.ts'
import { areAllTasksSettled, areTasksSettled } from '@ramet/model/run/goals.ts'
import { isTaskOver, taskStatus, taskStatusWord } from '@ramet/model/run/task-state.ts'
import { parseDuration } from '@ramet/model/units/duration.ts'
import { type Command, Option } from 'commander'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'
import { waitForGoal } from '../../wait-for-goal.ts'

interface TasksOptions {
  readonly output: Format
  readonly wait?: boolean
  readonly failFast?: boolean
  readonly timeout?: string
  readonly kind?: TaskKind
}

/** As labctl's: told from a failure of the command itself. */
const unfinished = 2

/** `ramet playground tasks` */
export function addTasks(parent: Command, open: Open): void {
  parent
    .command('tasks')
    .description(
      'The tasks of a run. With --wait exits 2 unless all have completed; helpers are not waited for. The output of one: ramet playground task output',
    )
    .argument('<run>', runArgument)
    .option('--wait', 'until each has ended or can never begin')
    .option('--fail-fast', 'do not wait for the others once one has failed')
    .option('--timeout <duration>', 'how long to wait, such as 90s or 5m; default: without end')
    .addOption(new Option('--kind <kind>', 'only those of a kind').choices(taskKinds))
    .addOption(formatOption())
    .action(async (name: string, options: TasksOptions) => {
      const { kind, failFast = false } = options
      const context = await open()
      const { client, out } = context
      const play = await resolveRun(client, name)
      const isOfKind = (task: PlayTask) => kind === undefined || taskKind(task) === kind
      if (options.wait && kind !== 'helper') await waitForTasks()
      const tasks = (await client.plays.tasks(play.id)).filter(isOfKind)
      if (options.output !== 'table') out.data(tasks, options.output)
      else out.table(['NAME', 'MACHINE', 'KIND', 'STATUS', 'EXIT', 'SECONDS', 'NEEDS', 'NOTE'], tasks.map(rowOf))
      const isOpen = ({ helper, status }: PlayTask) => !helper && status !== taskStatus.completed
      if (options.wait && tasks.some(isOpen)) process.exitCode = unfinished

      async function waitForTasks(): Promise<void> {
        const timeoutMs = options.timeout === undefined ? undefined : parseDuration(options.timeout)
        const isSettled = kind === 'init' ? areTasksSettled : areAllTasksSettled
        const hasFailed = ({ tasks }: Play) =>
          Object.values(tasks).some((task) => isOfKind(task) && task.status === taskStatus.failed)
        const isReached = (seen: Play) => isSettled(seen) || (failFast && hasFailed(seen))
        try {
          await waitForGoal(context, play, { wanted: 'RUNNING', isReached }, { timeoutMs, about: 'tasks' })
        } catch (error) {
          if (!(error instanceof RametError) || error.code !== 'timed_out') throw error
          out.problem({ code: error.code, message: error.message })
        }
      }
    })
}

function rowOf(task: PlayTaskDetails): string[] {
  const { name, machine, status, exitCode, lastDurationMs, needs } = task
  return [
    name,
    machine,
    taskKind(task),
    taskStatusWord(status),
    exitCode === undefined ? '-' : String(exitCode),
    lastDurationMs === undefined || !isTaskOver(status) ? '-' : (lastDurationMs / 1000).toFixed(1),
    needs.join(', ') || '-',
    noteOf(task),
  ]
}

/** Why it failed, or the first line of its hint. */
function noteOf({ status, reason, hintcheckStdout = [], hintcheckStderr = [] }: PlayTaskDetails): string {
  if (reason !== undefined) return reason
  const hint = [...hintcheckStdout, ...hintcheckStderr].find((line) => line.trim() !== '')
  return hint === undefined || isTaskOver(status) ? '' : `hint: ${hint}`
}
