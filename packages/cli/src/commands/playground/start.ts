import { goals } from '@ramet/client/goals.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { type Command, InvalidArgumentError } from 'commander'
import type { Open } from '../../context.ts'
import { waitForInitTasks } from '../../init-tasks.ts'
import { waitForGoal } from '../../wait-for-goal.ts'

interface StartOptions {
  readonly title?: string
  readonly rerunInit?: boolean
  readonly cold?: boolean
  readonly initCondition?: Readonly<Record<string, string>>
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
    .option('-i, --init-condition <key=value>', 'a value of an init condition; may be given several times', collectPair)
    .option('--skip-wait-init', 'do not wait for its init tasks')
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (playground: string, { title, rerunInit, cold, initCondition, ...options }: StartOptions) => {
      const context = await open()
      const { client, out } = context
      const began = performance.now()
      const asked = await client.plays.start({
        playground,
        ...(title === undefined ? {} : { title }),
        ...(rerunInit ? { rerunInit } : {}),
        ...(cold ? { cold } : {}),
        ...(initCondition === undefined ? {} : { initConditions: initCondition }),
      })
      out.result(asked.id)
      if (!options.quiet) for (const notice of asked.notices ?? []) out.note(`notice: ${notice}`)
      const play = await waitForGoal(context, asked, goals.ready, { quiet: options.quiet })
      if (!options.quiet) out.note(howItStarted(play, performance.now() - began))
      if (!options.skipWaitInit) await waitForInitTasks(context, play, { quiet: options.quiet })
      if (!options.quiet) out.note(`Ready. Enter it with: ramet ssh ${asked.id}\nor open ${asked.pageUrl}`)
    })
}

/** `key=value`, beside those given before. Throws InvalidArgumentError. */
function collectPair(pair: string, before: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const at = pair.indexOf('=')
  if (at < 1) throw new InvalidArgumentError('It must be KEY=VALUE.')
  return { ...before, [pair.slice(0, at)]: pair.slice(at + 1) }
}

/** `Started warm in 1.2 s. Its playground …` */
function howItStarted({ startKind, startReason }: Play, tookMs: number): string {
  const how = startKind === 'cold' ? 'Booted' : `Started ${startKind ?? ''}`.trimEnd()
  return [`${how} in ${(tookMs / 1000).toFixed(1)} s.`, startReason ?? ''].join(' ').trimEnd()
}
