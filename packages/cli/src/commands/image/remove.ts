import type { Command } from 'commander'
import type { Open } from '../../context.ts'

/** `ramet image rm` */
export function addImageRemove(parent: Command, open: Open): void {
  parent
    .command('remove')
    .alias('rm')
    .description('Remove a built image; it is built again when a run needs it. Runs made from it are not touched.')
    .argument('<image>', 'its name; see: ramet image ls')
    .action(async (name: string) => {
      const { client, out } = await open()
      await client.images.remove(name)
      out.result(name)
    })
}
