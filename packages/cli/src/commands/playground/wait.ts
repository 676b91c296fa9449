import { RametError } from '@ramet/model/errors/error.ts'
import { areAllTasksSettled, areTasksSettled, isReady } from '@ramet/model/run/goals.ts'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import { parseDuration } from '@ramet/model/units/duration.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'
import { waitForGoal } from '../../wait-for-goal.ts'

/** `ramet playground wait` */
export function addWait(parent: Command, open: Open): void {
  parent
    .command('wait')
    .description('Wait until a run is ready and its tasks are over; exits 1 when one of them has failed. Prints its id.')
    .argument('<run>', runArgument)
    .option('--init-only', 'for its init tasks alone')
    .option('--timeout <duration>', 'how long to wait, such as 90s or 5m; default: without end')
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (name: string, options: { initOnly?: boolean; timeout?: string; quiet?: boolean }) => {
      const context = await open()
      const asked = await resolveRun(context.client, name)
      const areSettled = options.initOnly ? areTasksSettled : areAllTasksSettled
      const timeoutMs = options.timeout === undefined ? undefined : parseDuration(options.timeout)
      const goal = { wanted: 'RUNNING', isReached: (seen: typeof asked) => isReady(seen) && areSettled(seen) } as const
      const play = await waitForGoal(context, asked, goal, { quiet: options.quiet, timeoutMs, about: 'tasks' })
      const failed = Object.values(play.tasks).filter(
        ({ init, status }) => status === taskStatus.failed && (init || !options.initOnly),
      )
      context.out.result(play.id)
      if (failed.length === 0) return
      throw new RametError('task_failed', 500, `These tasks failed: ${failed.map((task) => task.name).join(', ')}.`, {
        hint: `See why with: ramet playground tasks ${play.id}`,
      })
    })
}
