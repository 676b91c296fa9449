import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { readLogins, withoutLogin, writeLogins } from '../logins.ts'

/** `ramet logout` */
export function addLogout(parent: Command, open: Open): void {
  parent
    .command('logout')
    .description('Log out every browser, close login links that are open, and forget the token that `ramet login URL` kept here.')
    .action(async () => {
      const { client, server, out } = await open()
      const logins = await readLogins(process.env)
      if (logins.servers[server.endpoint] !== undefined) {
        // Also when the server is gone.
        await writeLogins(process.env, withoutLogin(logins, server.endpoint))
        out.note(`The token of ${server.endpoint} is forgotten here.`)
      }
      const { sessions } = await client.endSessions()
      out.note(sessions === 1 ? 'One browser is logged out.' : `${sessions} browsers are logged out.`)
    })
}
