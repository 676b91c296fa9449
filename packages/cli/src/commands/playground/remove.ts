import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { Command } from 'commander'
import { canAsk, isYes } from '../../ask-yes.ts'
import type { Open } from '../../context.ts'

/** `ramet playground remove` */
export function addRemove(parent: Command, open: Open): void {
  parent
    .command('remove')
    .alias('rm')
    .description('Remove a playground of yours. Runs and playgrounds made from it keep all they have.')
    .argument('<playground>', 'its name')
    .option('-f, --force', 'do not ask')
    .action(async (name: string, options: { force?: boolean }) => {
      const { client, out } = await open()
      if (!options.force) {
        if (!canAsk()) {
          throw invalidInput(
            'This would ask first, and there is no terminal to ask on.',
            undefined,
            'Add -f to remove it without asking.',
          )
        }
        const { title } = await client.playgrounds.get(name)
        if (!(await isYes(`Remove the playground ${name} (“${title}”)?`, 'Nothing was removed.'))) {
          out.note('Nothing was removed.')
          process.exitCode = 1
          return
        }
      }
      const { runs, playgrounds } = await client.playgrounds.remove(name)
      out.result(name)
      if (runs.length > 0) out.note(`Runs made from it go on: ${runs.map(({ id, title }) => `${id} “${title}”`).join(', ')}`)
      if (playgrounds.length > 0) out.note(`Playgrounds made from it stay: ${playgrounds.join(', ')}`)
    })
}
