import { actionRefused } from '@ramet/model/errors/errors.ts'
import { refusal } from '@ramet/model/run/run-state.ts'
import type { Command } from 'commander'
import { attachPipes, attachTerminal } from '../attach.ts'
import type { Open } from '../context.ts'
import { pickMachine } from '../pick-machine.ts'
import { resolveRun, runArgument } from '../resolve-run.ts'

interface SshOptions {
  readonly machine?: string
  readonly user?: string
  readonly tty?: boolean
}

/** What ssh exits with when it is itself that failed, so that a command's own status 1 can be told apart. */
const ownFailure = 255

/** `ramet ssh` */
export function addSsh(parent: Command, open: Open): void {
  parent
    .command('ssh')
    .description('A shell in a machine of a run, or one command after --. Exits as that does; 255 when it could not be run.')
    .argument('<run>', runArgument)
    .argument('[command...]', 'words of the command, after --; joined by spaces and given to the shell there, as ssh does')
    .option('-m, --machine <name>', 'the machine; default: the first of the manifest')
    .option('-u, --user <name>', "the user; default: the machine's default user")
    .option('-t, --tty', 'a terminal for the command too')
    .action(async (run: string, words: readonly string[], options: SshOptions) => {
      process.exitCode = ownFailure
      const { client } = await open()
      const play = await resolveRun(client, run)
      const machine = pickMachine(play, options.machine)
      const otherwise = refusal('open_terminal', play.state)
      if (otherwise) throw actionRefused('enter', play.state, otherwise)
      const command = words.length === 0 ? undefined : words.join(' ')
      const { stdin, stdout, env } = process
      const isTerminal = stdin.isTTY && stdout.isTTY && (command === undefined || options.tty)
      const pty = isTerminal
        ? { term: env.TERM || 'xterm-256color', cols: stdout.columns || 80, rows: stdout.rows || 24 }
        : undefined
      const stream = client.exec(play.id, machine.name, { command, user: options.user, pty })
      const exit = await (pty ? attachTerminal(stream) : attachPipes(stream))
      process.exitCode = exit.code >= 0 && exit.code <= 255 ? exit.code : ownFailure
    })
}
