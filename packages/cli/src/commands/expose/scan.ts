import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet expose scan RUN` */
export function addExposeScan(parent: Command, open: Open): void {
  parent
    .command('scan')
    .description('Ports of a run on which something answers with HTTP or HTTPS.')
    .argument('<run>', runArgument)
    .option('-m, --machine <name>', 'the machine; default: all')
    .action(async (name: string, { machine }: { machine?: string }) => {
      const { client, out } = await open()
      const { id } = await resolveRun(client, name)
      const found = await client.ports.scan(id, machine)
      if (found.length === 0) out.note('Nothing answers with HTTP there.')
      else
        out.table(
          ['MACHINE', 'PORT', 'PROTOCOL'],
          found.map((port) => [port.machine, String(port.number), port.protocol]),
        )
    })
}
