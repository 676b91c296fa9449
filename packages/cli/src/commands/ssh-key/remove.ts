import type { Command } from 'commander'
import type { Open } from '../../context.ts'

/** `ramet ssh-key remove` */
export function addSshKeyRemove(parent: Command, open: Open): void {
  parent
    .command('remove')
    .alias('rm')
    .description('Take a public key away. It opens nothing more, also on connections that are open.')
    .argument('<id>', 'the key, as ramet ssh-key list shows it')
    .action(async (id: string) => {
      const { client } = await open()
      await client.ssh.removeKey(id)
    })
}
