import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { addTextOptions, type TextOptions, textsOf } from '../../playground-texts.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet playground save` */
export function addSave(parent: Command, open: Open): void {
  const command = parent
    .command('save')
    .description('Make a playground of a stopped run, with the content of all its drives. The run stays. Prints the name.')
    .argument('<run>', runArgument)
    .argument('<name>', 'the name of the playground, exactly')
  addTextOptions(command)
    .option('-q, --quiet', 'print nothing but the name')
    .action(async (run: string, name: string, { quiet, ...options }: TextOptions & { quiet?: boolean }) => {
      const { client, out } = await open()
      const texts = await textsOf(options)
      const { id } = await resolveRun(client, run)
      const saved = await client.plays.save(id, { name, ...texts })
      out.result(saved.name)
      if (!quiet) out.note(`Saved. Start one of it with: ramet playground start ${saved.name}`)
    })
}
