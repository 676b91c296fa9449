import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet playground title` */
export function addTitle(parent: Command, open: Open): void {
  parent
    .command('title')
    .description('Give a run another title. Prints its id.')
    .argument('<run>', runArgument)
    .argument('<text...>', 'the title')
    .action(async (name: string, words: readonly string[]) => {
      const { client, out } = await open()
      const { id } = await resolveRun(client, name)
      await client.plays.setTitle(id, words.join(' '))
      out.result(id)
    })
}
