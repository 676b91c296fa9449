import { isActedOn, namesIn, ownerAlone, sharedWith } from '@ramet/model/access/sharing.ts'
import type { Playground } from '@ramet/model/api/wire.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'

interface ShareOptions {
  readonly public?: boolean
  readonly private?: boolean
  readonly with?: readonly string[]
  readonly without?: readonly string[]
  readonly quiet?: boolean
}

/** `ramet playground share` */
export function addShare(parent: Command, open: Open): void {
  parent
    .command('share')
    .description('Say who else may see and start a playground of yours; without options print who may. Runs are never shared.')
    .argument('<playground>', 'its name')
    .option('--public', 'everybody on this server')
    .option('--private', 'nobody but you')
    .option('--with <name...>', 'these people too; group:NAME for all who are in a group of yours')
    .option('--without <name...>', 'these people or groups no longer')
    .option('-q, --quiet', 'print nothing but the name')
    .addHelpText(
      'after',
      `
Examples:
  ramet playground share my-lab --with bob carol
  ramet playground share my-lab --with group:class-1
  ramet playground share my-lab --without bob
  ramet playground share my-lab --public

What was saved from a run goes along as it is: files, users and keys on its drives. Lists for seeing
and starting apart are written in the manifest (accessControl): ramet playground update`,
    )
    .action(async (name: string, options: ShareOptions) => {
      const { client, out } = await open()
      const before = await client.playgrounds.get(name)
      const after = isAsked(options) ? await client.playgrounds.change(name, { accessControl: listsOf(before, options) }) : before
      out.result(after.name)
      if (!options.quiet) out.note(whoMay(after))
    })
}

const isAsked = (options: ShareOptions) =>
  options.public === true || options.private === true || options.with !== undefined || options.without !== undefined

function listsOf({ accessControl }: Playground, options: ShareOptions) {
  const ways = [options.public, options.private, options.with ?? options.without].filter((given) => given !== undefined)
  if (ways.length > 1)
    throw invalidInput(
      'Only one of these at a time.',
      '--public, --private, --with',
      'Give --with and --without together, or one of the others.',
    )
  const users = new Set(namesIn(accessControl ?? ownerAlone))
  for (const name of options.with ?? []) users.add(name)
  for (const name of options.without ?? []) users.delete(name)
  return sharedWith(options.public ? 'everybody' : options.private ? [] : [...users])
}

function whoMay({ visibility, accessControl }: Playground): string {
  if (accessControl === undefined || visibility === 'public') return 'Everybody on this server may see and start it.'
  if (visibility === 'private') return 'Nobody but you may start it.'
  const others = accessControl.canStart.filter((who) => isActedOn(who) && who !== 'owner')
  return `You may start it, and: ${others.map((who) => who.replace(/^user:/, '')).join(', ')}.`
}
