import type { CreatePlay, Play } from '@ramet/model/api/wire.ts'
import { plainSpec } from '@ramet/model/api/wire-spec.ts'
import { parseOverrides } from '@ramet/model/manifest/parse-overrides.ts'
import { goals } from '@ramet/model/run/goals.ts'
import type { AtEnd } from '@ramet/model/run/lifetime.ts'
import { type Command, InvalidArgumentError, Option } from 'commander'
import type { Context, Open } from '../../context.ts'
import { waitForInitTasks } from '../../init-tasks.ts'
import { readInput } from '../../read-input.ts'
import { addTweakOptions, type TweakOptions, tweaksOf } from '../../start-tweaks.ts'
import { startWithConsent } from '../../start-with-consent.ts'
import { waitForGoal } from '../../wait-for-goal.ts'
import { atEndOption, lifetimeMinutes } from './lifetime.ts'

interface StartOptions extends TweakOptions {
  readonly title?: string
  readonly file?: string
  readonly rerunInit?: boolean
  readonly cold?: boolean
  readonly initCondition?: Readonly<Record<string, string>>
  readonly lifetime?: number
  readonly atEnd?: AtEnd
  readonly skipWaitInit?: boolean
  readonly yes?: boolean
  readonly safetyDisclaimerConsent?: boolean
  readonly quiet?: boolean
}

/** `ramet playground start` */
export function addStart(parent: Command, open: Open): void {
  const command = parent
    .command('start')
    .description('Start a run of a playground, wait until it is ready and its init tasks are through. Prints its id at once.')
    .argument('<playground>', 'name of the playground; see: ramet playground catalog')
    .option('--title <text>', 'title of the run')
    .option(
      '--rerun-init',
      'set up users and startup files and run init tasks again, although a saved playground has been through them',
    )
    .option(
      '-f, --file <file>',
      'parts of a manifest (machines, networks, tabs, initTasks) that this run has otherwise; - for standard input',
    )
    .option('--cold', 'boot its machines, although its playground is kept warm')
    .option('-i, --init-condition <key=value>', 'a value of an init condition; may be given several times', collectPair)
    .option('--lifetime <duration>', 'how long it may be on at a time, such as 8h', lifetimeMinutes)
    .addOption(atEndOption())
    .option('--skip-wait-init', 'do not wait for its init tasks')
    .option('-y, --yes', 'start it although somebody else made it, without being asked')
    .addOption(new Option('--safety-disclaimer-consent', 'the same').hideHelp())
    .option('-q, --quiet', 'print nothing but the id')
  addTweakOptions(command).action(
    async (
      playground: string,
      { title, file, rerunInit, cold, initCondition, lifetime, atEnd, yes, ...options }: StartOptions,
    ) => {
      const context = await open()
      const { client, out } = context
      const began = performance.now()
      const overrides = file === undefined ? {} : await readOverrides(context, playground, file, options)
      const tweaks = tweaksOf(options)
      const body: CreatePlay = {
        playground,
        ...(title === undefined ? {} : { title }),
        ...(rerunInit ? { rerunInit } : {}),
        ...(cold ? { cold } : {}),
        ...(initCondition === undefined ? {} : { initConditions: initCondition }),
        ...(lifetime === undefined ? {} : { maxPlayTimeMinutes: lifetime }),
        ...(atEnd === undefined ? {} : { atEnd }),
        ...overrides,
        ...(tweaks === undefined ? {} : { tweaks }),
      }
      const asked = await startWithConsent(client, body, yes === true || options.safetyDisclaimerConsent === true)
      out.result(asked.id)
      if (!options.quiet && asked.changes) out.note(`Other than its playground: ${asked.changes.join('; ')}.`)
      if (!options.quiet) for (const notice of asked.notices ?? []) out.note(`notice: ${notice}`)
      const play = await waitForGoal(context, asked, goals.ready, { quiet: options.quiet })
      if (!options.quiet) out.note(howItStarted(play, performance.now() - began))
      if (!options.skipWaitInit) await waitForInitTasks(context, play, { quiet: options.quiet })
      if (!options.quiet) out.note(`Ready. Enter it with: ramet ssh ${asked.id}\nor open ${asked.pageUrl}`)
    },
  )
}

/** Read here already, since only here a fault can be told with its line; the server checks again. */
async function readOverrides({ client, out }: Context, name: string, file: string, { quiet = false }: StartOptions) {
  const input = await readInput(file)
  const playground = await client.playgrounds.get(name)
  // The one that takes any machine is the only one that is its own base and has that name.
  const base = { name, spec: { ...plainSpec(playground), registryAuth: undefined }, takesAnyMachine: name === 'flexbox' }
  const { overrides, warnings } = parseOverrides(input.text, input.name, base)
  if (!quiet) for (const warning of warnings) out.problem(warning)
  return overrides
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
