import { type Command, Option } from 'commander'
import type { Open } from '../../context.ts'
import { pickMachine } from '../../pick-machine.ts'
import { hostPort, portNumber } from '../../port-forward/forward-spec.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

interface Flags {
  readonly machine?: string
  readonly public?: boolean
  readonly tls?: boolean
  readonly hostRewrite?: string
  readonly pathRewrite?: string
  readonly tcp?: number
  readonly udp?: number
  readonly listen?: string
  readonly scanned?: boolean
  readonly quiet?: boolean
}

/** `ramet expose RUN PORT`, also `ramet expose port RUN PORT` */
export function addExposePort(parent: Command, open: Open): void {
  parent
    .command('port', { isDefault: true })
    .description('Give a port of a machine a host name of its own, or a port of the host, and print its URL.')
    .argument('<run>', runArgument)
    .argument('[port]', 'the port in the machine', portNumber)
    .option('-m, --machine <name>', 'the machine; default: the first of the manifest')
    .option('-p, --public', 'for whoever knows the name, which nobody guesses; default: for you alone, once you are logged in')
    .option('-s, --tls', 'the port speaks TLS itself')
    .option('--host-rewrite <host>', 'the Host that the port is asked for; default: the published name')
    .option('--path-rewrite <rule>', '/app goes before every path; with /from:/to what begins with /from begins with /to')
    .addOption(new Option('--tcp <port>', 'as a plain TCP port of the host; 0: any free one').argParser(hostPort))
    .addOption(new Option('--udp <port>', 'as a UDP port of the host').argParser(hostPort).conflicts('tcp'))
    .option('--listen <address>', 'the address of the host; default: as the server is set, 127.0.0.1 at first')
    .option('--scanned', 'publish every port that answers with HTTP or HTTPS')
    .option('-q, --quiet', 'print nothing but URLs')
    .addHelpText(
      'after',
      `
Examples:
  ramet expose ID 8080                     private: opens in a browser that is logged in
  ramet expose ID 8080 --public            for everybody who is given the URL
  ramet expose ID 443 --tls --host-rewrite shop.local
  ramet expose ID 5432 --tcp 15432         anything that is no web: 127.0.0.1:15432 of the server's host
  ramet expose ID 53 --udp 1053
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
      const onHost = flags.tcp ?? flags.udp
      if (onHost === undefined && flags.listen !== undefined)
        parent.error('error: --listen goes with --tcp or --udp', { exitCode: 2 })
      if (onHost !== undefined) {
        const protocol = flags.udp === undefined ? 'tcp' : 'udp'
        const { url } = await client.ports.expose(play.id, {
          machine,
          number: port,
          protocol,
          hostPort: onHost,
          listen: flags.listen,
        })
        if (!flags.quiet) out.note('Whoever reaches this address of the host may use it:')
        return out.result(url)
      }
      const { url } = await client.ports.expose(play.id, { ...how, machine, number: port, tls: flags.tls ?? false })
      if (!flags.quiet)
        out.note(flags.public ? 'Whoever knows this URL may use it:' : 'You may use this URL where you are logged in:')
      out.result(url)
    })
}
