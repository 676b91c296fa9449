import { RametError } from '@ramet/model/errors/error.ts'
import type { Command } from 'commander'
import { buildFolder } from '../../build-folder/build-folder.ts'
import { interruptible, type Open } from '../../context.ts'
import { createProgress, silence } from '../../progress.ts'
import { untilBuilt } from '../../until-built.ts'

/** `ramet image build` */
export function addImageBuild(parent: Command, open: Open): void {
  parent
    .command('build')
    .description(
      'Build an image, again if it is there already, or a folder with a Dockerfile, once for the same content. Returns when it is ready; prints its name.',
    )
    .argument('<image>', 'its name, or a folder such as ./web; see: ramet image ls')
    .option('-t, --tag <name>', 'of a folder: what its image is called; default: by the content of the folder')
    .option('-q, --quiet', 'print nothing but the name')
    .action(async (name: string, options: { tag?: string; quiet?: boolean }) => {
      const { client, out } = await open()
      // As for `docker build`: a name of an image has no slash and is no dot.
      if (options.tag !== undefined || /^\.{1,2}$|\//.test(name)) return out.result(await buildFolder(client, name, options))
      const progress = options.quiet ? silence : createProgress()
      try {
        const asked = await client.images.build(name)
        const note = `The image ${name} is still being built. See it: ramet image ls`
        const image = await interruptible(note, (signal) => untilBuilt(client, asked, progress, signal))
        if (image.error) throw new RametError(image.error.code, 500, image.error.message, { hint: image.error.hint })
        out.result(name)
      } finally {
        progress.end()
      }
    })
}
