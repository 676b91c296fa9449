import { incompleteBoots, isMachineReady, silentMachines } from '@ramet/model/run/goals.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'
import { resolveRun, runArgument } from '../../resolve-run.ts'

/** `ramet playground machines` */
export function addMachines(parent: Command, open: Open): void {
  parent
    .command('machines')
    .description('The machines of a run, in the order of its manifest.')
    .argument('<run>', runArgument)
    .option('-q, --quiet', 'print nothing but the names')
    .addOption(formatOption())
    .action(async (name: string, options: { quiet?: boolean; output: Format }) => {
      const { client, out } = await open()
      const play = await resolveRun(client, name)
      if (options.quiet) for (const machine of play.machines) out.result(machine.name)
      else if (options.output !== 'table') out.data(play.machines, options.output)
      else {
        out.table(
          ['NAME', 'STATE', 'READY', 'CPUS', 'RAM', 'ADDRESSES', 'DRIVES', 'HOST ADDRESS'],
          play.machines.map(({ name, state, resources, interfaces, drives, hostAddress }) => [
            name,
            state,
            isMachineReady(play, name) ? 'yes' : 'no',
            String(resources.cpuCount),
            resources.ramSize,
            interfaces.map(({ network, address }) => `${network} ${address}`).join(', '),
            drives.map(({ mount, sizeBytes }) => `${mount ?? 'raw'} ${formatBytes(sizeBytes)}`).join(', '),
            hostAddress ?? '-',
          ]),
        )
        for (const { name, message } of silentMachines(play)) out.note(`${name}: ${message}`)
        for (const { name, message } of incompleteBoots(play)) out.note(`${name}: ${message}`)
      }
    })
}
