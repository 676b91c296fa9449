import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { pickMachine } from '../../pick-machine.ts'
import { resolveRun } from '../../resolve-run.ts'

interface Flags {
  readonly machine?: string
  readonly user?: string
  readonly public?: boolean
  readonly quiet?: boolean
}

/** `ramet expose shell RUN[/MACHINE]` */
export function addExposeShell(parent: Command, open: Open): void {
  parent
    .command('shell')
    .description('Make a shell of a machine a page with a terminal, under a host name of its own, and print its URL.')
    .argument('<run[/machine]>', 'the run, as elsewhere; /MACHINE: another machine than the first')
    .option('-m, --machine <name>', 'the machine, as behind the slash')
    .option('-u, --user <name>', 'whose shell; default: the machine\u2019s default user')
    .option('-p, --public', 'for whoever knows the name, which nobody guesses; default: for you alone, once you are logged in')
    .option('-q, --quiet', 'print nothing but the URL')
    .addHelpText(
      'after',
      `
A private shell goes on while its page is closed, and is found again. Each visitor of a public one
has a shell of his own, which ends with the page. \`ramet expose remove\` ends either, also for
whoever has it open.

Examples:
  ramet expose shell ID                    private: opens in a browser that is logged in
  ramet expose shell ID/web --user root --public
  ramet expose list ID --kind shell`,
    )
    .action(async (name: string, flags: Flags) => {
      const { client, out } = await open()
      const [run = '', behind] = name.split('/', 2)
      const play = await resolveRun(client, run)
      const machine = pickMachine(play, flags.machine ?? behind).name
      const access = flags.public ? 'public' : 'private'
      const { url, user } = await client.ports.exposeShell(play.id, { machine, user: flags.user, access })
      if (!flags.quiet)
        out.note(
          flags.public
            ? `Whoever knows this URL is ${user} on ${machine}:`
            : `You have a shell as ${user} on ${machine} at this URL, where you are logged in:`,
        )
      out.result(url)
    })
}
