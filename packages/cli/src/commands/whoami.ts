import type { Command } from 'commander'
import type { Open } from '../context.ts'

/** `ramet whoami` */
export function addWhoami(parent: Command, open: Open): void {
  parent
    .command('whoami')
    .description('The server that commands go to, and as whom.')
    .action(async () => {
      const { client, server, out } = await open()
      const { id, name } = await client.me()
      out.data({ id, name, endpoint: server.endpoint }, 'yaml')
    })
}
