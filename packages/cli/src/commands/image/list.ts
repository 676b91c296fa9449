import type { Image } from '@ramet/model/api/host.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
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
      else if (options.output === 'json') out.json(images)
      else out.table(['NAME', 'KIND', 'STATE', 'SIZE', 'BUILT', 'DIGEST', 'DESCRIPTION'], images.map(row))
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
  image.digest?.slice(0, shownDigest) ?? '-',
  image.description,
]

function stateOf({ state, progress, error }: Image): string {
  if (error) return `${state} (${error.code})`
  return progress?.percent === undefined ? state : `${state} (${Math.floor(progress.percent)} %)`
}
