import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { printInvitation } from './print-invitation.ts'

/** `ramet user invite` */
export function addUserInvite(parent: Command, open: Open): void {
  parent
    .command('invite')
    .description('Print another link that lets a user in, once, within seven days; an earlier one ends.')
    .argument('<name>')
    .action(async (name: string) => {
      const { client, server, out } = await open()
      printInvitation(out, server.endpoint, name, await client.users.invite(name))
    })
}
