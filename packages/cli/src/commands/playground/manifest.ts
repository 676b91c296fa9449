import { printManifest } from '@ramet/model/print-manifest.ts'
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
      out.text(printManifest(await client.playgrounds.get(name)))
    })
}
