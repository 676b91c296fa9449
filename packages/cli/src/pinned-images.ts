import type { Image } from '@ramet/model/api/host.ts'
import type { Playground } from '@ramet/model/api/wire.ts'
import { canonicalSource } from '@ramet/model/units/image-reference.ts'

/** A line for each source of the playground's drives that comes from a registry: what it stands for until it is pulled again. Pure. */
export function pinnedImages({ machines }: Pick<Playground, 'machines'>, images: readonly Image[]): string[] {
  const sources = new Set(machines.flatMap(({ drives }) => drives.flatMap(({ source }) => source ?? [])))
  return [...sources].flatMap((source) => {
    const digest = images.find(({ name }) => name === canonicalSource(source))?.digest
    return digest === undefined ? [] : [`${source} is pinned to ${digest}. A newer one: ramet image pull ${source}`]
  })
}
