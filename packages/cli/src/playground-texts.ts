import type { ChangePlayground } from '@ramet/model/api/wire.ts'
import type { Command } from 'commander'
import { readInput } from './read-input.ts'

/** Texts of a playground as options of a verb. */
export interface TextOptions {
  readonly title?: string
  readonly description?: string
  readonly markdownFile?: string
  readonly category?: string[]
}

export const addTextOptions = (command: Command): Command =>
  command
    .option('--title <text>', 'its title, 5 to 120 characters')
    .option('--description <text>', 'one or two sentences for the catalogue')
    .option('--markdown-file <file>', 'its page, or - for standard input')
    .option('--category <name>', 'a category; may be given several times', (name: string, before: string[] = []) => [
      ...before,
      name,
    ])

/** Only what was given. */
export async function textsOf({ title, description, markdownFile, category }: TextOptions): Promise<ChangePlayground> {
  return {
    ...(title === undefined ? {} : { title }),
    ...(description === undefined ? {} : { description }),
    ...(category === undefined ? {} : { categories: category }),
    ...(markdownFile === undefined ? {} : { markdown: (await readInput(markdownFile)).text }),
  }
}
