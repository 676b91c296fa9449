import { allowanceTable, formatAllowance } from '@ramet/model/access/allowances.ts'
import type { Usage } from '@ramet/model/api/usage.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Command } from 'commander'
import type { Open } from '../context.ts'
import { type Format, formatOption } from '../format-option.ts'

/** `ramet usage` */
export function addUsage(parent: Command, open: Open): void {
  parent
    .command('usage')
    .description('What runs and saved playgrounds take on disk, biggest first: alone, and together with others; and your limits.')
    .addOption(formatOption())
    .action(async (options: { output: Format }) => {
      const { client, out } = await open()
      const usage = await client.usage()
      if (options.output !== 'table') return out.data(usage, options.output)
      out.table(['KIND', 'ID OR NAME', 'TITLE', 'STATUS', 'ALONE', 'SHARED'], rows(usage))
      const { usedBytes, limitBytes } = usage.quota
      out.note(`On disk: ${formatBytes(usage.totalBytes)}, of this ${formatBytes(usage.imageBytes)} for images.`)
      if (usage.allowances.length > 0)
        out.table(
          ['LIMIT', 'USED', 'ALLOWED'],
          usage.allowances.map(({ name, most, used }) => [
            allowanceTable[name].counts,
            used === undefined ? '-' : formatAllowance(name, used),
            formatAllowance(name, most),
          ]),
        )
      out.note(`Stopped runs and saved playgrounds: ${formatBytes(usedBytes)} of ${formatBytes(limitBytes)}.`)
    })
}

const rows = ({ runs, playgrounds, warmStarts }: Usage): string[][] =>
  [
    ...runs.map((run) => ({ ...run, kind: 'run', key: run.id, status: String(run.state) })),
    ...playgrounds.map((playground) => ({ ...playground, kind: 'playground', key: playground.name, status: '-' })),
    ...warmStarts.map((warm) => ({
      ...warm,
      kind: 'warm start',
      key: warm.playground,
      title: 'kept for its next starts',
      status: warm.spares > 0 ? 'a spare is ready' : '-',
    })),
  ]
    .toSorted((a, b) => b.exclusiveBytes - a.exclusiveBytes || a.createdAt.localeCompare(b.createdAt))
    .map(({ kind, key, title, status, exclusiveBytes, sharedBytes }) => [
      kind,
      key,
      title,
      status,
      formatBytes(exclusiveBytes),
      formatBytes(sharedBytes),
    ])
