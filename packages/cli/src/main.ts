import { RametError } from '@ramet/model/errors/error.ts'
import { CommanderError } from 'commander'
import { Interrupted } from './context.ts'
import { createOutput, problemsOf } from './output.ts'
import { createProgram } from './program.ts'

/** The number of the signal that a reader who went away sends to a writer; shells see 128 + 13. */
const brokenPipe = 141

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(brokenPipe)
  throw error
})
process.stderr.on('error', () => {})

async function main(): Promise<number> {
  const out = createOutput()
  try {
    await createProgram().parseAsync()
    return Number(process.exitCode ?? 0)
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof Interrupted) {
      out.note(error.note)
      return 130
    }
    if (error instanceof RametError) for (const problem of problemsOf(error)) out.problem(problem)
    else out.note(`error: ${error instanceof Error ? error.stack : error} (internal_error)`)
    return Number(process.exitCode ?? 1)
  }
}

const status = await main()
await new Promise((resolve) => process.stdout.write('', resolve))
// Whatever is still open (an event stream, standard input) must not keep the command alive.
process.exit(status)
