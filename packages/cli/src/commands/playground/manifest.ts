import type { Playground } from '@ramet/model/api/wire.ts'
import { plainSpec } from '@ramet/model/api/wire-spec.ts'
import { printManifest } from '@ramet/model/manifest/print-manifest.ts'
import type { Command } from 'commander'
import type { Open } from '../../context.ts'

/** `ramet playground manifest` */
export function addManifest(parent: Command, open: Open): void {
  parent
    .command('manifest')
    .description('Print the manifest of a playground as YAML; a new one can be made from it with create.')
    .argument('<playground>', 'its name')
    .action(async (name: string) => {
      const { client, out } = await open()
      const playground = await client.playgrounds.get(name)
      out.content(`${preface(playground)}${printManifest(plainSpec(playground))}`)
    })
}

/** A manifest cannot say what a saved drive holds. */
function preface({ name, savedFrom }: Playground): string {
  if (savedFrom === undefined) return ''
  return [
    `# Saved from the run ${savedFrom.id}. What its drives hold is not in this file: it comes along when the playground is the base, as with`,
    `#   ramet playground create NAME -b ${name} -f FILE`,
    '',
  ].join('\n')
}
