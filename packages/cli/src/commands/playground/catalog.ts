import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'

/** `ramet playground catalog` */
export function addCatalog(parent: Command, open: Open): void {
  parent
    .command('catalog')
    .alias('cat')
    .description('The playgrounds that can be started: the official ones and your own.')
    .option('-f, --filter <kind>', 'only these: base (the official ones), my-custom')
    .option('-q, --quiet', 'print nothing but the names')
    .addOption(formatOption())
    .action(async (options: { filter?: string; quiet?: boolean; output: Format }) => {
      const { client, out } = await open()
      const playgrounds = await client.playgrounds.list(options.filter ?? 'all')
      if (options.quiet) for (const { name } of playgrounds) out.result(name)
      else if (options.output === 'json') out.json(playgrounds)
      else
        out.table(
          ['NAME', 'TITLE', 'MACHINES', 'BASE', 'DESCRIPTION'],
          playgrounds.map(({ name, title, machines, base, description }) => [
            name,
            title,
            String(machines.length),
            base || '-',
            description,
          ]),
        )
    })
}
