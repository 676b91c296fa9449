import type { Command } from 'commander'
import { ago } from '../../ago.ts'
import type { Open } from '../../context.ts'

/** `ramet session list` */
export function addSessionList(parent: Command, open: Open): void {
  parent
    .command('list')
    .alias('ls')
    .description('What may act for you: browsers and programs that are logged in, and tokens.')
    .option('-q, --quiet', 'ids only')
    .action(async ({ quiet }: { quiet?: boolean }) => {
      const { client, out } = await open()
      const all = await client.sessions.list()
      if (quiet) for (const { id } of all) out.result(id)
      else
        out.table(
          ['ID', 'KIND', 'NAME', 'MAY', 'MADE', 'UNTIL'],
          all.map(({ id, kind, name, scope, createdAt, expiresAt = '-', isCurrent }) => [
            id,
            isCurrent ? `${kind} (this)` : kind,
            name,
            scope?.join(' ') ?? 'all',
            ago(createdAt),
            expiresAt.slice(0, 10),
          ]),
        )
    })
}
