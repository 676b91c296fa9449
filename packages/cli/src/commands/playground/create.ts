import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { type ManifestOptions, sendManifest } from '../../manifest-body.ts'

/** `ramet playground create` */
export function addCreate(parent: Command, open: Open): void {
  parent
    .command('create')
    .description('Make a playground of your own from a manifest. Prints its final name.')
    .argument('[name]', 'how its name begins; the server makes it unique. Default: as the manifest says, else from its title')
    .option('--name <name>', 'the same')
    .option('-b, --base <playground>', 'the playground to begin from; default: what the manifest says')
    .requiredOption('-f, --file <file>', 'the manifest, or - for standard input')
    .option('--strict', 'refuse a manifest with warnings, such as of unknown fields')
    .option('-q, --quiet', 'print nothing but the name')
    .action(async (given: string | undefined, options: ManifestOptions) => {
      const context = await open()
      const { client, out } = context
      const name = given ?? options.name
      const made = await sendManifest(context, { ...options, name }, (body) => client.playgrounds.create(body))
      if (!options.quiet) out.note(`Made. Start it with: ramet playground start ${made.name}`)
    })
}
