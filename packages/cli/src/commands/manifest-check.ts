import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { problemLine } from '../output.ts'
import { readInput } from '../read-input.ts'

/** `ramet manifest check` */
export function addManifestCheck(parent: Command, open: Open): void {
  parent
    .command('check')
    .description('Find every fault of a manifest. Each is a line: file:line:column: message (code).')
    .argument('<file>', 'the manifest, or - for standard input')
    .action(async (file: string) => {
      const { client, out } = await open()
      const input = await readInput(file)
      const problems = await client.checkManifest(input.text, input.name)
      for (const problem of problems) {
        out.result(problemLine(problem))
        if (problem.hint) out.result(`  hint: ${problem.hint}`)
      }
      if (problems.length > 0) process.exitCode = 1
      else out.note(`${input.name} is good.`)
    })
}
