import type { Command } from 'commander'
import { interruptible, type Open } from '../context.ts'
import { pickMachine } from '../pick-machine.ts'
import { resolveRun, runArgument } from '../resolve-run.ts'

interface JournalOptions {
  readonly machine?: string
  readonly unit?: string
  readonly lines?: string
  readonly since?: string
  readonly until?: string
}

/** `ramet journal` */
export function addJournal(parent: Command, open: Open): void {
  parent
    .command('journal')
    .description("Print a machine's journal and follow it, until ctrl-c or --until.")
    .argument('<run>', runArgument)
    .option('-m, --machine <name>', 'the machine; default: the first')
    .option('-u, --unit <name>', 'of one unit of systemd')
    .option('-n, --lines <count>', 'begin with so many lines')
    .option('--since <time>', 'begin there; as journalctl reads times')
    .option('--until <time>', 'end there, and do not follow')
    .action(async (run: string, { machine, ...options }: JournalOptions) => {
      const { client, out } = await open()
      const play = await resolveRun(client, run)
      const name = pickMachine(play, machine).name
      let rest = ''
      await interruptible('', async (signal) => {
        for await (const { stdout, stderr, exitCode } of client.journal(play.id, { machine: name, ...options }, signal)) {
          // A frame may end within a line.
          const lines = rest + (stdout ?? '')
          const whole = lines.lastIndexOf('\n') + 1
          if (whole > 0) out.content(lines.slice(0, whole))
          rest = lines.slice(whole)
          if (stderr !== undefined) out.note(stderr.trimEnd())
          if (exitCode !== undefined) process.exitCode = exitCode
        }
      })
      if (rest !== '') out.content(rest)
    })
}
