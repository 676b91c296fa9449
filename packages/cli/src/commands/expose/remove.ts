import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet expose remove RUN ID` */
export function addExposeRemove(parent: Command, open: Open): void {
  parent
    .command('remove')
    .alias('rm')
    .description('End the publishing of a port: its name is gone for good.')
    .argument('<run>', runArgument)
    .argument('<id>', 'as `ramet expose list` shows it')
    .action(async (name: string, port: string) => {
      const { client, out } = await open()
      const { id } = await resolveRun(client, name)
      await client.ports.remove(id, port)
      out.note('It is published no more.')
    })
}
