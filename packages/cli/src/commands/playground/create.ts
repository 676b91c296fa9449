import type { Problem } from '@ramet/model/errors/error.ts'
import { parseManifest } from '@ramet/model/manifest/parse-manifest.ts'
import { labelFromTitle } from '@ramet/model/units/names.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { pinnedImages } from '../../pinned-images.ts'
import { readInput } from '../../read-input.ts'

interface CreateOptions {
  readonly base?: string
  readonly file: string
  readonly name?: string
  readonly strict?: boolean
  readonly quiet?: boolean
}

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
    .action(async (given: string | undefined, options: CreateOptions) => {
      const { client, out } = await open()
      const input = await readInput(options.file)
      // Those in a partition are chosen by a drive's `partitioned`.
      const images = (await client.images.list())
        .filter(({ kind, name }) => kind === 'image' && !name.includes('+'))
        .map((image) => image.name)
      const { base: asked, strict = false, quiet = false } = options
      // Read here already, since only here a fault can be told with its line; the server checks again, against the base.
      const read = parseManifest(input.text, input.name, { images, strict, ...(asked ? { base: asked } : {}) })
      const { kind: _, playground: spec, ...texts } = read.manifest
      const warn = (problems: readonly Problem[]) => quiet || problems.forEach(out.problem)
      const [name, base] = [given ?? options.name ?? texts.name ?? labelFromTitle(texts.title), asked ?? texts.base]
      const unknownFields =
        read.unknownFields.length === 0
          ? {}
          : { unknownFields: read.unknownFields.map(({ path, value }) => ({ path: [...path], value })) }
      warn(read.warnings)
      const body = { ...spec, ...texts, name, base, ...(strict ? { strict } : {}), ...unknownFields }
      const made = await client.playgrounds.create(body)
      // What the server tells as well was told with its line.
      const isTold = ({ code, message }: Problem) => read.warnings.some((one) => one.code === code && one.message === message)
      warn((made.warnings ?? []).filter((problem) => !isTold(problem)))
      out.result(made.name)
      if (quiet) return
      for (const line of pinnedImages(made, await client.images.list())) out.note(line)
      out.note(`Made. Start it with: ramet playground start ${made.name}`)
    })
}
