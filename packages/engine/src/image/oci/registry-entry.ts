import { type ImageReference, printImageReference } from '@ramet/model/units/image-reference.ts'
import { findArtefact } from '../cache/cache.ts'
import type { CatalogEntry } from '../recipes/catalog-entry.ts'
import { collectRegistryImages } from './collect.ts'
import { pinnedDigest, removePin } from './pins.ts'
import type { RegistryOptions } from './registry/registry.ts'
import { pullImage, registryImageKey, resolveDigest, toRegistryImage } from './registry-image.ts'

/** An image in a registry as an entry of the library: found by what its tag is pinned to, built by pulling it. */
export function registryEntry(cacheFolder: string, reference: ImageReference, registry?: RegistryOptions): CatalogEntry {
  const pinned = () => pinnedDigest(cacheFolder, reference)
  return {
    name: printImageReference(reference),
    aliases: [],
    kind: 'image',
    description: `From the registry ${reference.host}`,
    registry: reference.host,
    async hash() {
      const digest = await pinned()
      return digest === undefined ? '' : registryImageKey(cacheFolder, digest).recipeHash
    },
    async find() {
      const digest = await pinned()
      return digest === undefined ? undefined : findArtefact(registryImageKey(cacheFolder, digest))
    },
    build: async ({ force, report, signal, registryAuth }) =>
      pullImage(reference, { cacheFolder, newest: force ?? false, registry: { ...registry, registryAuth }, report, signal }),
    open: toRegistryImage,
    pinned,
    pin: (signal, registryAuth) => resolveDigest(reference, { cacheFolder, registry: { ...registry, registryAuth }, signal }),
    async forget() {
      await removePin(cacheFolder, reference)
      await collectRegistryImages(cacheFolder)
    },
  }
}
