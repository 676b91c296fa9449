import type { Command } from 'commander'
import type { Open } from '../../context.ts'

interface CoAuthorOptions {
  readonly add?: readonly string[]
  readonly remove?: readonly string[]
}

/** `ramet playground co-authors` */
export function addCoAuthors(parent: Command, open: Open): void {
  parent
    .command('co-authors')
    .description(
      'Say who else may change a playground of yours, its manifest and who may use it; without options print who. Only you remove it, give it away and name co-authors.',
    )
    .argument('<playground>', 'its name')
    .option('--add <name...>', 'these people too')
    .option('--remove <name...>', 'these people no longer')
    .action(async (name: string, { add = [], remove = [] }: CoAuthorOptions) => {
      const { client, out } = await open()
      const { coAuthors: before = [] } = await client.playgrounds.get(name)
      const after = [...new Set([...before, ...add])].filter((each) => !remove.includes(each))
      const isAsked = add.length + remove.length > 0
      const { coAuthors = [] } = isAsked ? await client.playgrounds.change(name, { coAuthors: after }) : { coAuthors: before }
      for (const each of coAuthors) out.result(each)
    })
}
