import { goals } from '@ramet/client/goals.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { reach } from '../../reach.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet playground restart` */
export function addRestart(parent: Command, open: Open): void {
  parent
    .command('restart')
    .description('Switch a stopped run on again. Returns when it is ready; prints its id.')
    .argument('<run>', runArgument)
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (name: string, options: { quiet?: boolean }) => {
      const context = await open()
      const { client, out } = context
      const { id } = await resolveRun(client, name)
      await reach(context, await client.plays.restart(id), goals.ready, options)
      out.result(id)
      if (!options.quiet) out.note(`Ready. Enter it with: ramet ssh ${id}`)
    })
}
