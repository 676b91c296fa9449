import type { Command } from 'commander'
import type { Open } from '../../context.ts'

/** `ramet user remove` */
export function addUserRemove(parent: Command, open: Open): void {
  parent
    .command('remove')
    .alias('rm')
    .description('Remove a user who has neither runs nor playgrounds. To lock one out: ramet user disable')
    .argument('<name>')
    .action(async (name: string) => {
      const { client } = await open()
      await client.users.remove(name)
    })
}
