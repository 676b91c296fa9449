import type { Command } from 'commander'
import type { Open } from '../../context.ts'

/** `ramet user remove` */
export function addUserRemove(parent: Command, open: Open): void {
  parent
    .command('remove')
    .alias('rm')
    .description('Remove a user. To lock one out and keep what there is: ramet user disable')
    .argument('<name>')
    .option('--destroy', 'destroy the runs, and remove playgrounds and groups that go to nobody')
    .option('--transfer-to <name>', 'playgrounds and groups are this user’s then; runs are never anybody else’s')
    .action(async (name: string, asked: { destroy?: boolean; transferTo?: string }) => {
      const { client } = await open()
      await client.users.remove(name, asked)
    })
}
