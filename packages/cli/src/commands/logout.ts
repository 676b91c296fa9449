import type { Command } from 'commander'
import type { Open } from '../context.ts'

/** `ramet logout` */
export function addLogout(parent: Command, open: Open): void {
  parent
    .command('logout')
    .description('Log out every browser, and close login links that are open. Tokens of the CLI go on.')
    .action(async () => {
      const { client, out } = await open()
      const { sessions } = await client.endSessions()
      out.note(sessions === 1 ? 'One browser is logged out.' : `${sessions} browsers are logged out.`)
    })
}
