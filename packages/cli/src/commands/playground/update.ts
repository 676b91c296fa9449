import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { type ManifestOptions, sendManifest } from '../../manifest-body.ts'

/** `ramet playground update` */
export function addUpdate(parent: Command, open: Open): void {
  parent
    .command('update')
    .description('Make a playground of yours anew from a manifest. Its runs stay as they are. Prints its name.')
    .argument('<playground>', 'its name')
    .requiredOption(
      '-f, --file <file>',
      'the whole manifest, or - for standard input; begin with: ramet playground manifest NAME',
    )
    .option('--strict', 'refuse a manifest with warnings, such as of unknown fields')
    .option('-q, --quiet', 'print nothing but the name')
    .action(async (name: string, options: ManifestOptions) => {
      const context = await open()
      const { client, out } = context
      const { base } = await client.playgrounds.get(name)
      await sendManifest(context, { ...options, base }, (body) => client.playgrounds.update(name, body))
      if (!options.quiet)
        out.note(`Changed. What is started of it from now on is as the manifest says: ramet playground start ${name}`)
    })
}
