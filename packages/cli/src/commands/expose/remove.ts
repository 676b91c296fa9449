import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet expose remove RUN ID` */
export function addExposeRemove(parent: Command, open: Open): void {
  parent
    .command('remove')
    .alias('rm')
    .description('End the publishing of a port or shell: its name is gone for good, and what is open to it ends.')
    .argument('<run>', runArgument)
    .argument('<id>', 'as `ramet expose list` shows it')
    .action(async (name: string, published: string) => {
      const { client, out } = await open()
      const { id } = await resolveRun(client, name)
      const isShell = (await client.ports.shells(id)).some((shell) => shell.id === published)
      await (isShell ? client.ports.removeShell(id, published) : client.ports.remove(id, published))
      out.note('It is published no more.')
    })
}
