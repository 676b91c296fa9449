import { goals } from '@ramet/client/goals.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { reach } from '../../reach.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet playground stop` */
export function addStop(parent: Command, open: Open): void {
  parent
    .command('stop')
    .description('Switch a run off and keep everything. Returns when it is off; prints its id.')
    .argument('<run>', runArgument)
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (name: string, options: { quiet?: boolean }) => {
      const context = await open()
      const { client, out } = context
      const { id } = await resolveRun(client, name)
      await reach(context, await client.plays.stop(id), goals.stopped, options)
      out.result(id)
      if (!options.quiet) out.note(`Stopped. Go on with: ramet playground restart ${id}`)
    })
}
