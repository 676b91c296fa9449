import type { Play } from '@ramet/model/api/wire.ts'
import { isMachineReady } from '@ramet/model/run/goals.ts'
import { isTaskOver, taskStatus } from '@ramet/model/run/task-state.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet playground status` */
export function addStatus(parent: Command, open: Open): void {
  parent
    .command('status')
    .description('How a run is now: its state, its machines, and how far its tasks are.')
    .argument('<run>', runArgument)
    .addOption(formatOption())
    .action(async (name: string, { output }: { output: Format }) => {
      const { client, out } = await open()
      const status = statusOf(await resolveRun(client, name))
      if (output !== 'table') return out.data(status, output)
      const { machines, tasks, ...rest } = status
      out.table(
        ['WHAT', 'HOW'],
        [
          ...Object.entries(rest).map(([key, value]) => [key, String(value)]),
          ...machines.map((machine) => [`machine ${machine.name}`, `${machine.state}${machine.ready ? ', ready' : ''}`]),
          ['tasks', `${tasks.completed} of ${tasks.total} completed${tasks.failed > 0 ? `, ${tasks.failed} failed` : ''}`],
        ],
      )
    })
}

/** With the keys of labctl's. */
function statusOf(play: Play) {
  const all = Object.values(play.tasks)
  const inits = all.filter(({ init }) => init)
  const count = (status: number, tasks = all) => tasks.filter((task) => task.status === status).length
  return {
    id: play.id,
    playground: play.playground.name,
    title: play.title,
    state: play.state,
    active: play.state !== 'STOPPED' && play.state !== 'DESTROYED',
    createdAt: play.createdAt,
    updatedAt: play.updatedAt,
    expiresIn: play.expiresIn,
    pageUrl: play.pageUrl,
    machines: play.machines.map(({ name, state }) => ({ name, state, ready: isMachineReady(play, name) })),
    tasks: {
      initialized: inits.every(({ status }) => isTaskOver(status)),
      failed: count(taskStatus.failed),
      initCompleted: count(taskStatus.completed, inits),
      initTotal: inits.length,
      completed: count(taskStatus.completed),
      total: all.length,
    },
  }
}
