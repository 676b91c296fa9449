import type { Image } from './host.ts'

/** Images from registries that nothing needs, those of one digest counted once: what could be freed. Of a list with `isUsed`. */
export function unusedOf(images: readonly Image[]): Image[] {
  const unused = images.filter(({ state, digest, isUsed }) => state === 'ready' && digest !== undefined && isUsed === false)
  return [...new Map(unused.map((image) => [image.digest, image])).values()]
}
