import type { BrokenPlayground, Playground } from '@ramet/model/api/wire.ts'
import { memoryNeeded, outOfReach } from '@ramet/model/plan/needs.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'
import { type Format, formatOption } from '../../format-option.ts'
import { type Output, problemLine } from '../../output.ts'

interface CatalogFlags {
  readonly filter?: string
  readonly all?: boolean
  readonly category?: string
  readonly quiet?: boolean
  readonly output: Format
}

/** `ramet playground catalog` */
export function addCatalog(parent: Command, open: Open): void {
  parent
    .command('catalog')
    .alias('cat')
    .description('The playgrounds that can be started: the official ones, those of the team’s folder, and your own.')
    .option('-f, --filter <kind>', 'only these: base (the official ones), my-custom')
    .option('-c, --category <name>', 'only those of this category')
    .option('-a, --all', 'those too that need a registry out of reach')
    .option('-q, --quiet', 'print nothing but the names')
    .addOption(formatOption())
    .action(async ({ filter = 'all', all = false, category, quiet, output }: CatalogFlags) => {
      const { client, out } = await open()
      const listed = await client.playgrounds.list(filter)
      const wanted = listed.filter(({ categories }) => category === undefined || categories.includes(category))
      const playgrounds = wanted.filter((playground) => all || outOfReach(playground).length === 0)
      if (quiet) for (const { name } of playgrounds) out.result(name)
      else if (output !== 'table') out.data(playgrounds, output)
      else {
        out.table(['NAME', 'TITLE', 'MACHINES', 'MEMORY', 'BASE', 'DESCRIPTION'], playgrounds.map(rowOf))
        tellHidden(
          out,
          wanted.filter((each) => !playgrounds.includes(each)),
        )
        tellBroken(out, (await client.playgrounds.catalog()).broken)
      }
    })
}

function rowOf(playground: Playground): string[] {
  const { name, title, machines, base, description } = playground
  const needs = outOfReach(playground)
  const said = needs.length === 0 ? description : `(needs internet: ${needs.join(', ')}) ${description}`
  return [name, title, String(machines.length), formatBytes(memoryNeeded(playground)), base || '-', said]
}

function tellHidden(out: Output, hidden: readonly Playground[]): void {
  if (hidden.length === 0) return
  const hosts = [...new Set(hidden.flatMap(outOfReach))].join(', ')
  const count = hidden.length === 1 ? '1 more needs' : `${hidden.length} more need`
  out.note(`${count} internet: ${hosts} is out of reach from the server. Show with: ramet playground catalog --all`)
}

function tellBroken(out: Output, broken: readonly BrokenPlayground[]): void {
  for (const { name, problems } of broken) {
    out.note(`${name} of the team’s folder is broken:`)
    for (const problem of problems) out.note(`  ${problemLine(problem)}`)
  }
}
