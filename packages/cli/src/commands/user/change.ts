import { type Role, roles } from '@ramet/model/api/users.ts'
import { Argument, type Command } from 'commander'
import type { Open } from '../../context.ts'

/** `ramet user disable`, `enable` and `role` */
export function addUserChanges(parent: Command, open: Open): void {
  parent
    .command('disable')
    .description('Lock an account: its sessions end, its tokens and keys open nothing. Its runs and playgrounds stay.')
    .argument('<name>')
    .action(async (name: string) => {
      const { client, out } = await open()
      await client.users.change(name, { disabled: true })
      out.note(`Open it again with: ramet user enable ${name}`)
    })
  parent
    .command('enable')
    .description('Open a locked account again.')
    .argument('<name>')
    .action(async (name: string) => {
      const { client } = await open()
      await client.users.change(name, { disabled: false })
    })
  parent
    .command('role')
    .description('Make a user an admin, or a member again.')
    .argument('<name>')
    .addArgument(new Argument('<role>', 'admins manage users, images and the host').choices(roles))
    .action(async (name: string, role: Role) => {
      const { client } = await open()
      await client.users.change(name, { role })
    })
}
