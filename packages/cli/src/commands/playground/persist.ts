import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet playground persist` */
export function addPersist(parent: Command, open: Open): void {
  parent
    .command('persist')
    .description('Keep a run until it is destroyed. Prints its id.')
    .argument('<run>', runArgument)
    .option('-q, --quiet', 'print nothing but the id')
    .action(async (name: string, { quiet }: { quiet?: boolean }) => {
      const { client, out } = await open()
      const { id } = await resolveRun(client, name)
      await client.plays.persist(id)
      out.result(id)
      if (!quiet) out.note('It is kept until you destroy it.')
    })
}
