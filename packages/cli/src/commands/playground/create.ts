import { invalidInput } from '@ramet/model/errors/errors.ts'
import { parseManifest } from '@ramet/model/manifest/parse-manifest.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { readInput } from '../../read-input.ts'

interface CreateOptions {
  readonly base?: string
  readonly file: string
  readonly quiet?: boolean
}

/** `ramet playground create` */
export function addCreate(parent: Command, open: Open): void {
  parent
    .command('create')
    .description('Make a playground of your own from a manifest. Prints its final name.')
    .argument('<name>', 'how its name begins; the server makes it unique')
    .option('-b, --base <playground>', 'the playground to begin from; default: what the manifest says')
    .requiredOption('-f, --file <file>', 'the manifest, or - for standard input')
    .option('-q, --quiet', 'print nothing but the name')
    .action(async (name: string, options: CreateOptions) => {
      const { client, out } = await open()
      const input = await readInput(options.file)
      // Those in a partition are chosen by a drive's `partitioned`.
      const images = (await client.images.list())
        .filter(({ kind, name }) => kind === 'image' && !name.includes('+'))
        .map((image) => image.name)
      // Read here already, since only here a fault can be told with its line; the server checks again, against the base.
      const { manifest } = parseManifest(input.text, input.name, { images, ...(options.base ? { base: options.base } : {}) })
      const { kind: _, playground: spec, ...texts } = manifest
      const base = options.base ?? manifest.base
      if (base === undefined)
        throw invalidInput('There is no playground to begin from.', undefined, 'Name one with -b, such as -b debian.')
      const made = await client.playgrounds.create({ ...spec, ...texts, name, base })
      out.result(made.name)
      if (!options.quiet) out.note(`Made. Start it with: ramet playground start ${made.name}`)
    })
}
