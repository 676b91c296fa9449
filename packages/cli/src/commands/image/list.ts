import type { Image } from '@ramet/model/api/host.ts'
import { unusedOf } from '@ramet/model/api/unused-images.ts'
import { describeBytes, formatBytes } from '@ramet/model/units/bytes.ts'
import type { Command } from 'commander'
import { ago } from '../../ago.ts'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'

/** `ramet image ls` */
export function addImageList(parent: Command, open: Open): void {
  parent
    .command('list')
    .alias('ls')
    .description('The images and kernel packs that can be built, and which are.')
    .option('-q, --quiet', 'print nothing but the names')
    .addOption(formatOption())
    .action(async (options: { quiet?: boolean; output: Format }) => {
      const { client, out } = await open()
      const images = await client.images.list()
      if (options.quiet) for (const { name } of images) out.result(name)
      else if (options.output !== 'table') out.data(images, options.output)
      else {
        out.table(['NAME', 'KIND', 'STATE', 'SIZE', 'BUILT', 'USED', 'DIGEST', 'DESCRIPTION'], images.map(row))
        const note = unusedNote(images)
        if (note !== undefined) out.note(note)
      }
    })
}

/** `sha256:` and the twelve digits that other tools show. */
const shownDigest = 19

const row = (image: Image) => [
  image.name,
  image.kind,
  stateOf(image),
  image.bytes === 0 ? '-' : formatBytes(image.bytes),
  image.builtAt === undefined ? '-' : ago(image.builtAt),
  image.lastUsedAt === undefined ? '-' : ago(image.lastUsedAt),
  image.digest?.slice(0, shownDigest) ?? '-',
  image.description,
]

function unusedNote(images: readonly Image[]): string | undefined {
  const each = unusedOf(images)
  if (each.length === 0) return undefined
  const bytes = each.reduce((sum, image) => sum + image.bytes, 0)
  return `Nothing uses ${each.length} of those from registries (${describeBytes(bytes)}): ${each.map(({ name }) => name).join(', ')}. They go when space is short; at once: ramet image rm NAME`
}

function stateOf({ state, progress, error }: Image): string {
  if (error) return `${state} (${error.code})`
  return progress?.percent === undefined ? state : `${state} (${Math.floor(progress.percent)} %)`
}
