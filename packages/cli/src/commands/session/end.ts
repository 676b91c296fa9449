import type { Command } from 'commander'
import type { Open } from '../../context.ts'

/** `ramet session end` */
export function addSessionEnd(parent: Command, open: Open): void {
  parent
    .command('end')
    .description('End a session or a token. All sessions at once: ramet logout')
    .argument('<id>', 'as ramet session list shows it')
    .action(async (id: string) => {
      const { client } = await open()
      await client.sessions.end(id)
    })
}
