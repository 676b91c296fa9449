import { type Command, InvalidArgumentError } from 'commander'
import { interruptible, type Open } from '../../context.ts'
import { pickMachine } from '../../pick-machine.ts'
import { portNumber } from '../../port-forward/forward-spec.ts'
import { serveMachinePort } from '../../port-forward/serve-machine-port.ts'
import { Tunnel } from '../../port-forward/tunnel.ts'
import { resolveRun } from '../../resolve-run.ts'

interface Flags {
  readonly machine?: string
  readonly remotePort?: number
  readonly inside?: boolean
  readonly public?: boolean
  readonly tls?: boolean
  readonly quiet?: boolean
}

/** `ramet expose local RUN[/MACHINE] [HOST:]PORT` */
export function addExposeLocal(parent: Command, open: Open): void {
  parent
    .command('local')
    .description('Make a port of this computer one of a machine, and publish it there, until ctrl-c.')
    .argument('<run[/machine]>', 'the run, as elsewhere; /MACHINE: another machine than the first')
    .argument('<[host:]port>', 'what listens on this computer, or on one that it reaches', localAddress)
    .option('-m, --machine <name>', 'the machine, as behind the slash')
    .option('--remote-port <port>', 'the port of the machine; default: the same number', portNumber)
    .option('--inside', 'for the run alone: publish nothing')
    .option('-p, --public', 'for whoever knows the name, which nobody guesses; default: for you alone, once you are logged in')
    .option('-s, --tls', 'the port speaks TLS itself')
    .option('-q, --quiet', 'print nothing but the address')
    .addHelpText(
      'after',
      `
It connects again by itself when the server or the run was away. Ctrl-c ends the port of the machine and its publishing.

Examples:
  ramet expose local ID 3000                          your web app under a host name of the run
  ramet expose local ID/web 3000 --remote-port 8000 --public
  ramet expose local ID 5432 --inside                 localhost:5432 in the machine is your database`,
    )
    .action(async (name: string, to: LocalAddress, flags: Flags) => {
      const { client, out } = await open()
      const [run = '', behind] = name.split('/', 2)
      const play = await resolveRun(client, run)
      const machine = pickMachine(play, flags.machine ?? behind).name
      const port = flags.remotePort ?? to.port
      // Ports below 1024 are root's.
      const tunnel = new Tunnel(client, play.id, machine, 'root')
      let published: string | undefined
      const publish = async () => {
        const before = new Set((await client.ports.list(play.id)).map(({ id }) => id))
        const access = flags.public ? 'public' : 'private'
        const { id, url } = await client.ports.expose(play.id, { machine, number: port, access, tls: flags.tls ?? false })
        if (!before.has(id)) published = id
        return url
      }
      try {
        await interruptible('The port of the machine is closed.', async (signal) => {
          const where = flags.inside ? `${machine}:${port}` : await publish()
          let isTold = false
          await serveMachinePort({
            tunnel,
            port,
            to,
            signal,
            ready() {
              if (!isTold) out.result(where)
              if (!flags.quiet) out.note(`  leads to ${to.host}:${to.port} of this computer; ctrl-c ends it`)
              isTold = true
            },
            note: (text) => flags.quiet || out.note(text),
          })
        })
      } finally {
        if (published !== undefined) await client.ports.remove(play.id, published).catch(() => {})
      }
    })
}

interface LocalAddress {
  readonly host: string
  readonly port: number
}

function localAddress(text: string): LocalAddress {
  const [, host = '127.0.0.1', port = ''] = /^(?:(\[[^\]]+\]|[^:[\]]+):)?(\d{1,5})$/.exec(text) ?? []
  if (port === '') throw new InvalidArgumentError('It looks like 3000, or db.local:5432.')
  return { host: host.replace(/^\[|\]$/g, ''), port: portNumber(port) }
}
