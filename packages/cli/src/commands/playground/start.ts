import { goals } from '@ramet/client/goals.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { reachInitTasks } from '../../init-tasks.ts'
import { reach } from '../../reach.ts'

interface StartOptions {
  readonly title?: string
  readonly rerunInit?: boolean
  readonly skipWaitInit?: boolean
  readonly quiet?: boolean
}

/** `ramet playground start` */
export function addStart(parent: Command, open: Open): void {
  parent
    .command('start')
    .description('Start a run of a playground, wait until it is ready and its init tasks are through. Prints its id at once.')
    .argument('<playground>', 'name of the playground; see: ramet playground catalog')
    .option('--title <text>', 'title of the run')
    .option(
      '--rerun-init',
      'set up users and startup files and run init tasks again, although a saved playground has been through them',
    )
    .option('--skip-wait-init', 'do not wait for its init tasks')
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (playground: string, { title, rerunInit, ...options }: StartOptions) => {
      const context = await open()
      const { client, out } = context
      const asked = await client.plays.start({
        playground,
        ...(title === undefined ? {} : { title }),
        ...(rerunInit ? { rerunInit } : {}),
      })
      out.result(asked.id)
      const play = await reach(context, asked, goals.ready, { quiet: options.quiet })
      if (!options.skipWaitInit) await reachInitTasks(context, play, { quiet: options.quiet })
      if (!options.quiet) out.note(`Ready. Enter it with: ramet ssh ${asked.id}\nor open ${asked.pageUrl}`)
    })
}
