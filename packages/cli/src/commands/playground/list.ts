import type { Play } from '@ramet/model/api/wire.ts'
import { silentMachines } from '@ramet/model/run/goals.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Command } from 'commander'
import { ago } from '../../ago.ts'
import type { Open } from '../../context.ts'
import { listEverybodys } from '../../everybodys-runs.ts'
import { type Format, formatOption } from '../../format-option.ts'

/** `ramet playground list` */
export function addList(parent: Command, open: Open): void {
  parent
    .command('list')
    .alias('ls')
    .description('Your runs, newest first.')
    .option('-a, --all', 'those just destroyed too')
    .option('--all-users', 'everybody’s, for admins: whose they are and what they take, not what is in them')
    .option('-q, --quiet', 'print nothing but the ids')
    .addOption(formatOption())
    .action(async (options: { all?: boolean; allUsers?: boolean; quiet?: boolean; output: Format }) => {
      const context = await open()
      if (options.allUsers) return listEverybodys(context, options)
      const { client, out } = context
      const plays = (await client.plays.list()).filter(({ state }) => options.all || state !== 'DESTROYED')
      if (options.quiet) for (const { id } of plays) out.result(id)
      else if (options.output !== 'table') out.data(plays, options.output)
      else {
        // A list without storage is better than none.
        const usage = await client.usage().catch(() => undefined)
        const storage = new Map(usage?.runs.map(({ id, exclusiveBytes }) => [id, formatBytes(exclusiveBytes)]))
        out.table(
          ['RUN ID', 'PLAYGROUND', 'TITLE', 'CREATED', 'STATUS', 'STORAGE', 'LINK'],
          plays.map((play) => row(play, storage.get(play.id) ?? '-')),
        )
      }
    })
}

const row = (play: Play, storage: string) => [
  play.id,
  play.playground.name,
  play.title,
  ago(play.createdAt),
  statusOf(play),
  storage,
  play.pageUrl,
]

function statusOf(play: Play): string {
  const { state, progress, failure } = play
  if (failure) return `${state} (${failure.code})`
  const silent = silentMachines(play).map(({ name }) => name)
  if (silent.length > 0) return `${state} (${silent.join(', ')} ${silent.length === 1 ? 'does' : 'do'} not answer)`
  if (play.expiresAt !== undefined && progress === undefined)
    return `${state} (${play.atEnd === 'destroy' ? 'destroyed' : 'stopped'} at ${play.expiresAt.slice(11, 16)} UTC)`
  return progress?.percent === undefined ? state : `${state} (${Math.floor(progress.percent)} %)`
}
