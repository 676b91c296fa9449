import type { ImageDetails } from '@ramet/model/api/host.ts'
import { describeBytes } from '@ramet/model/units/bytes.ts'
import type { Command } from 'commander'
import { ago } from '../../ago.ts'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'
import { alignColumns } from '../../output.ts'

/** `ramet image inspect` */
export function addImageInspect(parent: Command, open: Open): void {
  parent
    .command('inspect')
    .description('Show one image: digest, layers, size, what it says of itself, who uses it and when it was last used.')
    .argument('<image>', 'its name or reference; see: ramet image ls')
    .addOption(formatOption())
    .action(async (name: string, options: { output: Format }) => {
      const { client, out } = await open()
      const image = await client.images.inspect(name)
      if (options.output !== 'table') out.data(image, options.output)
      else for (const line of inspectionLines(image)) out.result(line)
    })
}

/** Names and values in two columns; what is not known is left out. Pure but for the time of day. */
export function inspectionLines(image: ImageDetails): string[] {
  const { config } = image
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Name', image.name],
    ['State', image.error ? `${image.state}: ${image.error.message}` : image.state],
    ['Description', image.description],
    ['Costs', image.state === 'ready' ? undefined : image.costs],
    ['Digest', image.digest],
    ['On disk', image.bytes === 0 ? undefined : describeBytes(image.bytes)],
    ['Least drive', image.sizeBytes === undefined ? undefined : describeBytes(image.sizeBytes)],
    ['Made', image.builtAt && ago(image.builtAt)],
    ['Last used', image.lastUsedAt && ago(image.lastUsedAt)],
    ['User', config && (config.user || 'root')],
    ['Working dir', config && (config.workingFolder || '/')],
    ['Entrypoint', config && shown(config.entrypoint)],
    ['Command', config && shown(config.command)],
    ['Init', image.state === 'ready' && config ? (image.init ?? 'none: Ramet’s own') : undefined],
    ...several('Environment', config?.environment ?? []),
    ...several(
      'Layers',
      image.layers.map(({ digest, bytes }) => `${digest}${bytes === undefined ? '' : `  ${describeBytes(bytes)}`}`),
    ),
    ...several('Playgrounds', image.playgrounds),
    ...several(
      'Runs',
      image.runs.map(({ id, title }) => `${id}  ${title}`),
    ),
    ['Used by', image.isUsed ? (image.others > 0 ? `${image.others} more, of others` : undefined) : 'nothing'],
  ]
  return alignColumns(facts.flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])))
}

const shown = (words: readonly string[]) => (words.length === 0 ? 'none' : JSON.stringify(words))
const several = (name: string, values: readonly string[]) => values.map((value, at) => [at === 0 ? name : '', value] as const)
