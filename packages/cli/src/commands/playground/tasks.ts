import { areTasksSettled } from '@ramet/client/goals.ts'
import type { PlayTaskDetails } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { isTaskOver, taskStatus, taskStatusWord } from '@ramet/model/run/task-state.ts'
import { parseDuration } from '@ramet/model/units/duration.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'
import { waitForGoal } from '../../wait-for-goal.ts'

interface TasksOptions {
  readonly output: Format
  readonly wait?: boolean
  readonly timeout?: string
}

/** As labctl's: told from a failure of the command itself. */
const unfinished = 2

/** `ramet playground tasks` */
export function addTasks(parent: Command, open: Open): void {
  parent
    .command('tasks')
    .description('The init tasks of a run. With --wait exits 2 unless all have completed. Their output: -o json.')
    .argument('<run>', runArgument)
    .option('--wait', 'until each has ended or can never begin')
    .option('--timeout <duration>', 'how long to wait, such as 90s or 5m; default: without end')
    .addOption(formatOption())
    .action(async (name: string, options: TasksOptions) => {
      const context = await open()
      const { client, out } = context
      const play = await resolveRun(client, name)
      if (options.wait) await waitForTasks()
      const tasks = await client.plays.tasks(play.id)
      if (options.output === 'json') out.json(tasks)
      else out.table(['NAME', 'MACHINE', 'STATUS', 'EXIT', 'SECONDS', 'NEEDS', 'NOTE'], tasks.map(rowOf))
      if (options.wait && tasks.some(({ status }) => status !== taskStatus.completed)) process.exitCode = unfinished

      async function waitForTasks(): Promise<void> {
        const timeoutMs = options.timeout === undefined ? undefined : parseDuration(options.timeout)
        const goal = { wanted: 'RUNNING', isReached: areTasksSettled } as const
        try {
          await waitForGoal(context, play, goal, { timeoutMs, about: 'tasks' })
        } catch (error) {
          if (!(error instanceof RametError) || error.code !== 'timed_out') throw error
          out.problem({ code: error.code, message: error.message })
        }
      }
    })
}

function rowOf({ name, machine, status, exitCode, lastDurationMs, needs, reason }: PlayTaskDetails): string[] {
  return [
    name,
    machine,
    taskStatusWord(status),
    exitCode === undefined ? '-' : String(exitCode),
    lastDurationMs === undefined || !isTaskOver(status) ? '-' : (lastDurationMs / 1000).toFixed(1),
    needs.join(', ') || '-',
    reason ?? '',
  ]
}
