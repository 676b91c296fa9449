import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { pickMachine } from '../../pick-machine.ts'
import { portNumber } from '../../port-forward/forward-spec.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

interface Flags {
  readonly machine?: string
  readonly public?: boolean
  readonly tls?: boolean
  readonly hostRewrite?: string
  readonly pathRewrite?: string
  readonly scanned?: boolean
  readonly quiet?: boolean
}

/** `ramet expose RUN PORT`, also `ramet expose port RUN PORT` */
export function addExposePort(parent: Command, open: Open): void {
  parent
    .command('port', { isDefault: true })
    .description('Give a port of a machine a host name of its own, and print its URL.')
    .argument('<run>', runArgument)
    .argument('[port]', 'the port in the machine', portNumber)
    .option('-m, --machine <name>', 'the machine; default: the first of the manifest')
    .option('-p, --public', 'for whoever knows the name, which nobody guesses; default: for you alone, once you are logged in')
    .option('-s, --tls', 'the port speaks TLS itself')
    .option('--host-rewrite <host>', 'the Host that the port is asked for; default: the published name')
    .option('--path-rewrite <rule>', '/app goes before every path; with /from:/to what begins with /from begins with /to')
    .option('--scanned', 'publish every port that answers with HTTP or HTTPS')
    .option('-q, --quiet', 'print nothing but URLs')
    .addHelpText(
      'after',
      `
Examples:
  ramet expose ID 8080                     private: opens in a browser that is logged in
  ramet expose ID 8080 --public            for everybody who is given the URL
  ramet expose ID 443 --tls --host-rewrite shop.local
  ramet expose list ID`,
    )
    .action(async (name: string, port: number | undefined, flags: Flags) => {
      const { client, out } = await open()
      const play = await resolveRun(client, name)
      const machine = pickMachine(play, flags.machine).name
      const how = {
        access: flags.public ? ('public' as const) : ('private' as const),
        hostRewrite: flags.hostRewrite,
        pathRewrite: flags.pathRewrite,
      }
      if (flags.scanned) {
        const found = await client.ports.scan(play.id, flags.machine)
        if (found.length === 0) out.note('Nothing answers with HTTP there.')
        for (const { machine, number, protocol } of found) {
          const { url } = await client.ports.expose(play.id, { ...how, machine, number, tls: protocol === 'HTTPS' })
          out.result(url)
        }
        return
      }
      if (port === undefined) parent.error("error: missing required argument 'port'", { exitCode: 2 })
      const { url } = await client.ports.expose(play.id, { ...how, machine, number: port, tls: flags.tls ?? false })
      if (!flags.quiet)
        out.note(flags.public ? 'Whoever knows this URL may use it:' : 'You may use this URL where you are logged in:')
      out.result(url)
    })
}
