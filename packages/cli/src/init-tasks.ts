import type { Play, PlayTaskDetails } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { areTasksSettled } from '@ramet/model/run/goals.ts'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import type { Context } from './context.ts'
import { waitForGoal } from './wait-for-goal.ts'

/** Waits for the init tasks of a run that is ready. Prints the output of failed tasks, then throws `init_task_failed`: the run is usable nevertheless. */
export async function waitForInitTasks(context: Context, play: Play, options: { quiet?: boolean | undefined }): Promise<void> {
  if (!Object.values(play.tasks).some(({ init }) => init)) return
  await waitForGoal(context, play, { wanted: 'RUNNING', isReached: areTasksSettled }, { ...options, about: 'tasks' })
  const tasks = (await context.client.plays.tasks(play.id)).filter(({ init }) => init)
  const failed = tasks.filter(({ status }) => status === taskStatus.failed)
  for (const task of failed) show(context, task)
  const [first] = failed
  const hint = `The run is up and can be used: ramet ssh ${play.id}. All of its tasks: ramet playground tasks ${play.id}. Once more: ramet playground task retry ${play.id} ${first?.name}`
  if (first) {
    const others = failed.length > 1 ? ` So did ${failed.length - 1} more.` : ''
    throw new RametError(
      'init_task_failed',
      500,
      `The init task ${first.name} on ${first.machine} failed: ${whyOf(first)}.${others}`,
      { hint },
    )
  }
  const waiting = tasks.find(({ status }) => status !== taskStatus.completed)
  if (waiting) {
    throw new RametError(
      'machine_off',
      409,
      `The init task ${waiting.name} waits for ${waiting.machine}: a machine of the run is off.`,
      {
        hint: `See which with: ramet playground machines ${play.id}`,
      },
    )
  }
}

const whyOf = ({ reason, exitCode }: PlayTaskDetails) => reason?.replace(/\.$/, '') ?? `it exited with status ${exitCode}`

function show({ out }: Context, { name, machine, stdout, stderr }: PlayTaskDetails): void {
  for (const [what, text] of [
    ['printed', stdout],
    ['complained', stderr],
  ] as const) {
    if (text.trim() === '') continue
    out.note(`==> ${name} on ${machine} ${what}:`)
    out.note(text.trimEnd())
  }
}
