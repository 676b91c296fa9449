import type { Command } from 'commander'
import { ago } from '../../ago.ts'
import type { Open } from '../../context.ts'

/** `ramet user list` */
export function addUserList(parent: Command, open: Open): void {
  parent
    .command('list')
    .alias('ls')
    .description('Who there is on this server.')
    .option('-q, --quiet', 'names only')
    .action(async ({ quiet }: { quiet?: boolean }) => {
      const { client, out } = await open()
      const all = await client.users.list()
      if (quiet) for (const { name } of all) out.result(name)
      else
        out.table(
          ['NAME', 'ROLE', 'ACCOUNT', 'PASSWORD', 'RUNS', 'PLAYGROUNDS', 'MADE'],
          all.map(({ name, role, disabledAt, invitedUntil, hasPassword, runs, playgrounds, createdAt }) => [
            name,
            role,
            disabledAt ? 'disabled' : invitedUntil ? `invited until ${invitedUntil.slice(0, 10)}` : 'open',
            hasPassword ? 'yes' : '-',
            String(runs),
            String(playgrounds),
            ago(createdAt),
          ]),
        )
    })
}
