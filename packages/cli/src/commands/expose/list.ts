import { type Command, Option } from 'commander'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

interface Flags {
  readonly quiet?: boolean
  readonly kind?: 'port' | 'shell'
  readonly output: Format
}

/** `ramet expose list RUN` */
export function addExposeList(parent: Command, open: Open): void {
  parent
    .command('list')
    .alias('ls')
    .description('Ports and shells of a run that have a host name of their own.')
    .argument('<run>', runArgument)
    .addOption(new Option('--kind <kind>', 'only these').choices(['port', 'shell']))
    .option('-q, --quiet', 'ids only')
    .addOption(formatOption())
    .action(async (name: string, { quiet, kind, output }: Flags) => {
      const { client, out } = await open()
      const { id } = await resolveRun(client, name)
      const ports = kind === 'shell' ? [] : (await client.ports.list(id)).map((port) => ({ kind: 'port' as const, ...port }))
      const shells = kind === 'port' ? [] : (await client.ports.shells(id)).map((shell) => ({ kind: 'shell' as const, ...shell }))
      const all = [...ports, ...shells]
      if (quiet) for (const each of all) out.result(each.id)
      else if (output !== 'table') out.data(all, output)
      else if (all.length === 0) out.note('Nothing of it is published. Publish something with: ramet expose RUN PORT')
      else
        out.table(
          ['ID', 'KIND', 'MACHINE', 'PORT OR USER', 'ACCESS', 'URL'],
          all.map((each) => [
            each.id,
            each.kind,
            each.machine,
            each.kind === 'port' ? String(each.number) : each.user,
            each.access,
            each.url,
          ]),
        )
    })
}
