import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet playground task retry` */
export function addTaskRetry(parent: Command, open: Open): void {
  parent
    .command('retry')
    .description('Run a task that failed once more. What waited for it goes on after it.')
    .argument('<run>', runArgument)
    .argument('<task>', 'name of the task; see: ramet playground tasks RUN')
    .option('-q, --quiet', 'print nothing')
    .action(async (name: string, task: string, { quiet = false }: { quiet?: boolean }) => {
      const { client, out } = await open()
      const { id } = await resolveRun(client, name)
      await client.plays.retryTask(id, task)
      if (!quiet) out.note(`The task ${task} begins again. See it: ramet playground task output ${id} ${task} --follow`)
    })
}
