import type { Client } from '@ramet/client/client-shape.ts'
import type { Image } from '@ramet/model/api/host.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import { sleep } from '@ramet/model/units/sleep.ts'
import type { ProgressLine } from './progress.ts'

const pollMs = 500

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
