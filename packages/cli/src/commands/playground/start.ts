import { goals } from '@ramet/client/goals.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { waitForInitTasks } from '../../init-tasks.ts'
import { waitForGoal } from '../../wait-for-goal.ts'

interface StartOptions {
  readonly title?: string
  readonly rerunInit?: boolean
  readonly cold?: boolean
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
    .option('--cold', 'boot its machines, although its playground is kept warm')
    .option('--skip-wait-init', 'do not wait for its init tasks')
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (playground: string, { title, rerunInit, cold, ...options }: StartOptions) => {
      const context = await open()
      const { client, out } = context
      const began = performance.now()
      const asked = await client.plays.start({
        playground,
        ...(title === undefined ? {} : { title }),
        ...(rerunInit ? { rerunInit } : {}),
        ...(cold ? { cold } : {}),
      })
      out.result(asked.id)
      const play = await waitForGoal(context, asked, goals.ready, { quiet: options.quiet })
      if (!options.quiet) out.note(howItStarted(play, performance.now() - began))
      if (!options.skipWaitInit) await waitForInitTasks(context, play, { quiet: options.quiet })
      if (!options.quiet) out.note(`Ready. Enter it with: ramet ssh ${asked.id}\nor open ${asked.pageUrl}`)
    })
}

/** `Started warm in 1.2 s. Its playground …` */
function howItStarted({ startKind, startReason }: Play, tookMs: number): string {
  const how = startKind === 'cold' ? 'Booted' : `Started ${startKind ?? ''}`.trimEnd()
  return [`${how} in ${(tookMs / 1000).toFixed(1)} s.`, startReason ?? ''].join(' ').trimEnd()
}
