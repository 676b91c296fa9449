import type { Command } from 'commander'
import { ago } from '../../ago.ts'
import type { Open } from '../../context.ts'

/** `ramet ssh-key list` */
export function addSshKeyList(parent: Command, open: Open): void {
  parent
    .command('list')
    .alias('ls')
    .description('The public keys that open your machines.')
    .option('-q, --quiet', 'ids only')
    .action(async ({ quiet }: { quiet?: boolean }) => {
      const { client, out } = await open()
      const keys = await client.ssh.keys()
      if (quiet) for (const { id } of keys) out.result(id)
      else if (keys.length === 0) out.note('No key opens your machines yet. Add yours with: ramet ssh-key add')
      else
        out.table(
          ['ID', 'NAME', 'TYPE', 'FINGERPRINT', 'ADDED'],
          keys.map(({ id, name, type, fingerprint, createdAt }) => [id, name, type, fingerprint, ago(createdAt)]),
        )
    })
}
