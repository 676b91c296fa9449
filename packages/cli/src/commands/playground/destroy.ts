import { goals } from '@ramet/model/run/goals.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'
import { waitForGoal } from '../../wait-for-goal.ts'

/** `ramet playground destroy` */
export function addDestroy(parent: Command, open: Open): void {
  parent
    .command('destroy')
    .description('Remove a run with all it holds. Returns when nothing is left of it; prints its id.')
    .argument('<run>', runArgument)
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (name: string, options: { quiet?: boolean }) => {
      const context = await open()
      const { client, out } = context
      const { id } = await resolveRun(client, name)
      await waitForGoal(context, await client.plays.destroy(id), goals.destroyed, options)
      out.result(id)
      if (!options.quiet) out.note('Destroyed.')
    })
}
