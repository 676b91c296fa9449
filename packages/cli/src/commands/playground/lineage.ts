import type { Client } from '@ramet/client/client-shape.ts'
import type { Lineage } from '@ramet/model/api/lineage.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { runIdSchema } from '@ramet/model/units/names.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'
import { lineageLines } from '../../lineage-lines.ts'
import { resolveRun } from '../../resolve-run.ts'

/** `ramet playground lineage` */
export function addLineage(parent: Command, open: Open): void {
  parent
    .command('lineage')
    .description('Where a run or playground came from, as far back as that goes, and what came from it.')
    .argument('<run or playground>', 'the id of a run, the name of a playground, or the beginning of the id or title of a run')
    .addOption(formatOption())
    .action(async (name: string, options: { output: Format }) => {
      const { client, out } = await open()
      const lineage = await find(client, name)
      if (options.output !== 'table') return out.data(lineage, options.output)
      for (const line of lineageLines(lineage)) out.result(line)
    })
}

/** A run's id first; then a playground's name, which is whole; then whatever else may mean a run. */
async function find(client: Client, name: string): Promise<Lineage> {
  // Those long destroyed have a lineage too, but are in no list.
  if (runIdSchema.safeParse(name).success) return client.plays.lineage(name)
  try {
    return await client.playgrounds.lineage(name)
  } catch (error) {
    if (!(error instanceof RametError) || error.code !== 'not_found') throw error
    return client.plays.lineage((await resolveRun(client, name)).id)
  }
}
