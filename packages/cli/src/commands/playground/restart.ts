import { goals } from '@ramet/model/run/goals.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'
import { waitForGoal } from '../../wait-for-goal.ts'

/** `ramet playground restart` */
export function addRestart(parent: Command, open: Open): void {
  parent
    .command('restart')
    .description('Switch a stopped run on again, where it was stopped. Returns when it is ready; prints its id.')
    .argument('<run>', runArgument)
    .option('--cold', 'boot its machines, and forget what they had in memory')
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (name: string, options: { cold?: boolean; quiet?: boolean }) => {
      const context = await open()
      const { client, out } = context
      const { id } = await resolveRun(client, name)
      const asked = await client.plays.restart(id, options.cold ? { cold: true } : {})
      const play = await waitForGoal(context, asked, goals.ready, options)
      out.result(id)
      if (options.quiet) return
      if (asked.snapshot && play.startKind === 'cold') out.note(`Booted. ${play.startReason ?? ''}`)
      out.note(`Ready. Enter it with: ramet ssh ${id}`)
    })
}
