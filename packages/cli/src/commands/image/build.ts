import type { Client } from '@ramet/client/client.ts'
import { sleep } from '@ramet/client/sleep.ts'
import type { Image } from '@ramet/model/api/host.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { Command } from 'commander'
import { interruptible, type Open } from '../../context.ts'
import { createProgress, type ProgressLine, silence } from '../../progress.ts'

const pollMs = 500

/** `ramet image build` */
export function addImageBuild(parent: Command, open: Open): void {
  parent
    .command('build')
    .description('Build an image, again if it is there already. Returns when it is ready; prints its name.')
    .argument('<image>', 'its name; see: ramet image ls')
    .option('-q, --quiet', 'print nothing but the name')
    .action(async (name: string, options: { quiet?: boolean }) => {
      const { client, out } = await open()
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

/** Follows a build to its end, and shows how far it is. */
export async function untilBuilt(client: Client, asked: Image, progress: ProgressLine, signal: AbortSignal): Promise<Image> {
  let image: Image | undefined = asked
  while (image?.state === 'building') {
    progress.show(image.progress ?? { message: `Building ${asked.name}` })
    await sleep(pollMs, signal)
    image = (await client.images.list()).find(({ name }) => name === asked.name)
  }
  if (!image) throw notFound('image', asked.name)
  return image
}
