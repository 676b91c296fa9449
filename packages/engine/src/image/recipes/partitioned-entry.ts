import type { TableKind } from '../../disk/partition-table.ts'
import { buildPartitionedImage, partitionedName, partitioningRevision, toPartitionedImage } from '../build/partitioned-image.ts'
import type { RootImage } from '../cache/artefact.ts'
import { type ArtefactKey, findArtefact } from '../cache/cache.ts'
import type { CatalogEntry } from './catalog-entry.ts'
import { recipeHash } from './recipe.ts'

/** The image and the table of a name such as `debian-stable+gpt`; undefined for other names. */
export function asPartitioned(name: string): { readonly image: string; readonly table: TableKind } | undefined {
  const [, image, table] = /^(.+)\+(mbr|gpt)$/.exec(name) ?? []
  return image === undefined ? undefined : { image, table: table as TableKind }
}

/** Identity of an image in a partition, from that of the image. */
export const partitionedHash = (imageHash: string, table: TableKind): string =>
  recipeHash({ revision: partitioningRevision, image: imageHash, table })

/** An image in the one partition of a drive, made from the image as that is now. `keyOf`: where it is in the cache, when its name does not say that. */
export function partitionedEntry(
  entry: CatalogEntry,
  table: TableKind,
  keyOf?: () => Promise<ArtefactKey | undefined>,
): CatalogEntry {
  const name = partitionedName(entry.name, table)
  const hash = async () => partitionedHash(await entry.hash(), table)
  return {
    name,
    aliases: [],
    kind: 'image',
    description: `${entry.name} in a partition (${table.toUpperCase()})`,
    hash,
    ...(entry.registry !== undefined && { registry: entry.registry }),
    ...(keyOf && {
      async find() {
        const key = await keyOf()
        return key && findArtefact(key)
      },
    }),
    async build(options) {
      const image = (await entry.build({ ...options, force: false })) as RootImage
      const { cacheFolder } = options
      const key = keyOf ? await keyOf() : { cacheFolder, kind: 'image', name, recipeHash: await hash() }
      if (!key) throw new Error(`${entry.name} was built and is not there`)
      return buildPartitionedImage(image, table, key, options)
    },
    open: toPartitionedImage,
  }
}
