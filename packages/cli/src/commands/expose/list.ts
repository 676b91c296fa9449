import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet expose list RUN` */
export function addExposeList(parent: Command, open: Open): void {
  parent
    .command('list')
    .alias('ls')
    .description('Ports of a run that have a host name of their own.')
    .argument('<run>', runArgument)
    .option('-q, --quiet', 'ids only')
    .action(async (name: string, { quiet }: { quiet?: boolean }) => {
      const { client, out } = await open()
      const { id } = await resolveRun(client, name)
      const ports = await client.ports.list(id)
      if (quiet) for (const port of ports) out.result(port.id)
      else if (ports.length === 0) out.note('No port of it is published. Publish one with: ramet expose RUN PORT')
      else
        out.table(
          ['ID', 'MACHINE', 'PORT', 'ACCESS', 'URL'],
          ports.map((port) => [port.id, port.machine, String(port.number), port.access, port.url]),
        )
    })
}
