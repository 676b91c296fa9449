import { createInterface } from 'node:readline/promises'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { visibleLine } from '@ramet/model/units/visible-text.ts'
import type { Command } from 'commander'
import { Interrupted, type Open } from '../../context.ts'

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
        if (!process.stdin.isTTY || !process.stderr.isTTY) {
          throw invalidInput(
            'This would ask first, and there is no terminal to ask on.',
            undefined,
            'Add -f to remove it without asking.',
          )
        }
        const { title } = await client.playgrounds.get(name)
        if (!(await isYes(`Remove the playground ${name} (“${title}”)? [y/N] `))) {
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

async function isYes(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  const interrupted = new Promise<never>((_, reject) =>
    lines.once('SIGINT', () => reject(new Interrupted('Nothing was removed.'))),
  )
  // Ctrl-d: no answer is no.
  const closed = new Promise<string>((resolve) => lines.once('close', () => resolve('')))
  try {
    return /^y(es)?$/i.test((await Promise.race([lines.question(visibleLine(question)), closed, interrupted])).trim())
  } finally {
    lines.close()
  }
}
