import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { problemLine } from '../output.ts'
import { readInput } from '../read-input.ts'

/** `ramet manifest check` */
export function addManifestCheck(parent: Command, open: Open): void {
  parent
    .command('check')
    .description('Find every error and warning of a manifest. Each is a line: file:line:column: message (code).')
    .argument('<file>', 'the manifest, or - for standard input')
    .option('--strict', 'take warnings, such as of unknown fields, for errors')
    .action(async (file: string, { strict = false }: { strict?: boolean }) => {
      const { client, out } = await open()
      const input = await readInput(file)
      const problems = await client.checkManifest(input.text, input.name)
      for (const problem of problems) {
        const label = problem.severity === 'warning' && !strict ? 'warning: ' : ''
        out.result(problemLine({ ...problem, message: `${label}${problem.message}` }))
        if (problem.hint) out.result(`  hint: ${problem.hint}`)
      }
      if (problems.some(({ severity }) => strict || severity !== 'warning')) process.exitCode = 1
      else
        out.note(
          problems.length === 0 ? `${input.name} is good.` : `${input.name} can be used, with ${problems.length} warnings.`,
        )
    })
}
