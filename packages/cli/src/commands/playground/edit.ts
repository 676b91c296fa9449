import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { addTextOptions, type TextOptions, textsOf } from '../../playground-texts.ts'

/** `ramet playground edit` */
export function addEdit(parent: Command, open: Open): void {
  const command = parent
    .command('edit')
    .description('Change what is said of a playground of yours. What it is made of never changes. Prints its name.')
    .argument('<playground>', 'its name')
  addTextOptions(command)
    .option('-q, --quiet', 'print nothing but the name')
    .action(async (name: string, { quiet, ...options }: TextOptions & { quiet?: boolean }) => {
      const { client, out } = await open()
      const texts = await textsOf(options)
      if (Object.keys(texts).length === 0) {
        throw invalidInput(
          'Nothing was given to change.',
          undefined,
          'Give --title, --description, --markdown-file or --category.',
        )
      }
      out.result((await client.playgrounds.change(name, texts)).name)
      if (!quiet) out.note('Changed.')
    })
}
