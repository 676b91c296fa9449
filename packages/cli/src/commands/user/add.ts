import { type Role, roles } from '@ramet/model/api/users.ts'
import { type Command, Option } from 'commander'
import type { Open } from '../../context.ts'
import { printInvitation } from './print-invitation.ts'

/** `ramet user add` */
export function addUserAdd(parent: Command, open: Open): void {
  parent
    .command('add')
    .description('Make a user, and print the link that lets the person in, once, within seven days.')
    .argument('<name>', 'small letters, digits and dashes')
    .addOption(new Option('--role <role>', 'admins manage users, images and the host').choices(roles).default('member'))
    .action(async (name: string, { role }: { role: Role }) => {
      const { client, server, out } = await open()
      const { invitation } = await client.users.create({ name, role })
      printInvitation(out, server.endpoint, name, invitation)
    })
}
