import type { Command } from 'commander'
import type { Open } from '../context.ts'

/** `ramet health` */
export function addHealth(parent: Command, open: Open): void {
  parent
    .command('health')
    .description('What the server says of itself, as JSON.')
    .action(async () => {
      const { client, out } = await open()
      out.data(await client.health(), 'json')
    })
}
