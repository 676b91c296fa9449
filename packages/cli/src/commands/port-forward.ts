import { type Command, Option } from 'commander'
import { interruptible, type Open } from '../context.ts'
import { countUpTo } from '../parse-count.ts'
import { pickMachine } from '../pick-machine.ts'
import { type ForwardSpec, forwardSpec, savedSpecs } from '../port-forward/forward-spec.ts'
import { servePort } from '../port-forward/serve-port.ts'
import { Tunnel } from '../port-forward/tunnel.ts'
import { resolveRun, runArgument } from '../resolve-run.ts'

interface Flags {
  readonly address: string
  readonly local?: readonly ForwardSpec[]
  readonly list?: boolean
  readonly restore?: boolean
  readonly remove?: number
  readonly quiet?: boolean
}

/** `ramet port-forward` */
export function addPortForward(parent: Command, open: Open): void {
  parent
    .command('port-forward')
    .description('Ports of this machine that lead to ports of a run, until ctrl-c. Each is saved with the run.')
    .argument('<run>', runArgument)
    .argument('[forwards...]', '[MACHINE:]LOCAL:REMOTE; one number is both; LOCAL 0 is any free port', forwardSpec)
    .option('-L, --local <forward>', 'the same, as labctl has it', forwardSpec)
    .option('-a, --address <address>', 'where to listen', '127.0.0.1')
    .addOption(new Option('--list', 'list the saved ones').conflicts(['restore', 'remove']))
    .option('--restore', 'also serve the saved ones')
    .option('--remove <number>', 'forget the saved one of this number in the list', countUpTo(1000))
    .option('-q, --quiet', 'print nothing but the addresses')
    .addHelpText(
      'after',
      `
Examples:
  ramet port-forward ID 8080:80            http://127.0.0.1:8080 is port 80 of the first machine
  ramet port-forward ID db:5432:5432 web:8080:80`,
    )
    .action(async (name: string, given: readonly ForwardSpec[] = [], flags: Flags) => {
      const { client, out } = await open()
      const play = await resolveRun(client, name)
      if (flags.remove !== undefined) {
        await client.ports.removeForward(play.id, flags.remove - 1)
        return out.note('It is saved no more.')
      }
      if (flags.list) {
        const saved = await client.ports.forwards(play.id)
        if (saved.length === 0) return out.note('The run has no saved forwards.')
        return out.table(
          ['NUMBER', 'KIND', 'MACHINE', 'LOCAL', 'REMOTE'],
          saved.map(({ kind, machine, localHost, localPort, remoteHost, remotePort }, at) => [
            String(at + 1),
            kind,
            machine,
            `${localHost ? `${localHost}:` : ''}${localPort ?? ''}`,
            `${remoteHost ? `${remoteHost}:` : ''}${remotePort ?? ''}`,
          ]),
        )
      }
      const wanted = [
        ...given,
        ...(flags.local ?? []),
        ...(flags.restore ? savedSpecs(await client.ports.forwards(play.id)) : []),
      ]
      if (wanted.length === 0)
        parent.error('error: name what to forward, such as 8080:80 (or --restore, or --list)', { exitCode: 2 })
      const tunnels = new Map<string, Tunnel>()
      const served: { close(): void }[] = []
      // Before the first line is printed: whoever reads it may press ctrl-c at once.
      const serve = async (signal: AbortSignal) => {
        for (const { machine: wantedMachine, localPort, remotePort } of wanted) {
          const machine = pickMachine(play, wantedMachine).name
          const tunnel = tunnels.get(machine) ?? new Tunnel(client, play.id, machine)
          tunnels.set(machine, tunnel)
          const one = await servePort({
            host: flags.address,
            port: localPort,
            connect: () => tunnel.connect(remotePort),
            failed: ({ message }) => out.note(message),
          })
          served.push(one)
          await client.ports.saveForward(play.id, { kind: 'local', machine, localPort, remotePort })
          out.result(`${flags.address}:${one.port}`)
          if (!flags.quiet) out.note(`  leads to port ${remotePort} of ${machine}`)
        }
        await untilAborted(signal)
      }
      try {
        await interruptible('The ports are closed. Those of the run are saved: ramet port-forward RUN --restore', serve)
      } finally {
        for (const one of served) one.close()
      }
    })
}

const untilAborted = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => {
    signal.throwIfAborted()
    // The timer keeps this process, and listens to nothing.
    const forever = setInterval(() => {}, 2 ** 30)
    signal.addEventListener('abort', () => {
      clearInterval(forever)
      reject(signal.reason)
    })
  })
