import type { TableKind } from '../../disk/partition-table.ts'
import { partitionedName } from '../build/partitioned-image.ts'
import type { CatalogEntry } from '../recipes/catalog-entry.ts'
import { partitionedEntry, partitionedHash } from '../recipes/partitioned-entry.ts'
import { registryImageKey } from './registry-image.ts'

/** An image of a registry in a partition: kept beside the image, by the digest that its reference stands for. */
export function partitionedRegistryEntry(cacheFolder: string, entry: CatalogEntry, table: TableKind): CatalogEntry {
  return partitionedEntry(entry, table, async () => {
    const digest = await entry.pinned?.()
    if (digest === undefined) return undefined
    const key = registryImageKey(cacheFolder, digest)
    return { ...key, name: partitionedName(key.name, table), recipeHash: partitionedHash(key.recipeHash, table) }
  })
}
