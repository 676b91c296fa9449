import { goals } from '@ramet/model/run/goals.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { stopAnybodys } from '../../everybodys-runs.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'
import { waitForGoal } from '../../wait-for-goal.ts'

/** `ramet playground stop` */
export function addStop(parent: Command, open: Open): void {
  parent
    .command('stop')
    .description(
      'Switch a run off and keep everything, also what its machines have in memory. Returns when it is off; prints its id.',
    )
    .argument('<run>', runArgument)
    .option('--power-off', 'shut the guests down instead of keeping their memory')
    .option('--as-admin', 'somebody else’s run; it keeps everything, and returns at once')
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (name: string, options: { powerOff?: boolean; asAdmin?: boolean; quiet?: boolean }) => {
      const context = await open()
      const { client, out } = context
      if (options.asAdmin) return out.result(await stopAnybodys(context, name))
      const { id } = await resolveRun(client, name)
      const asked = await client.plays.stop(id, options.powerOff ? { powerOff: true } : {})
      const play = await waitForGoal(context, asked, goals.stopped, options)
      out.result(id)
      if (options.quiet) return
      out.note(`Stopped${play.snapshot ? ', memory included' : ''}. Go on with: ramet playground restart ${id}`)
    })
}
