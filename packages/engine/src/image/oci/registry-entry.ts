import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ImageReference, printImageReference } from '@ramet/model/units/image-reference.ts'
import { findArtefact, listArtefacts } from '../cache/cache.ts'
import { type CachedArtefact, readRecord } from '../cache/record.ts'
import type { CatalogEntry } from '../recipes/catalog.ts'
import { listPins, pinnedDigest, removePin } from './pins.ts'
import { collectBlobs } from './registry/blob-store.ts'
import type { RegistryOptions } from './registry/registry.ts'
import { pullImage, registryImageKey, registryImageKind, resolveDigest, toRegistryImage } from './registry-image.ts'

/** An image in a registry as an entry of the library: found by what its tag is pinned to, built by pulling it. */
export function registryEntry(cacheFolder: string, reference: ImageReference, registry?: RegistryOptions): CatalogEntry {
  const pinned = () => pinnedDigest(cacheFolder, reference)
  const find = async () => {
    const digest = await pinned()
    return digest === undefined ? undefined : findArtefact(registryImageKey(cacheFolder, digest))
  }
  return {
    name: printImageReference(reference),
    aliases: [],
    kind: 'image',
    description: `From the registry ${reference.host}`,
    hash: async () => (await pinned()) ?? '',
    find,
    build: async ({ force, report, signal }) =>
      pullImage(reference, { cacheFolder, newest: force ?? false, registry, report, signal }),
    open: toRegistryImage,
    pinned,
    pin: (signal) => resolveDigest(reference, { cacheFolder, registry, signal }),
    async forget() {
      const found = await find()
      await removePin(cacheFolder, reference)
      return found === undefined || (await isPinned(cacheFolder, found)) ? [] : versionsOf(cacheFolder, found)
    },
    afterRemoval: () => collectUnusedBlobs(cacheFolder),
  }
}

/** Another reference stands for the same. */
async function isPinned(cacheFolder: string, { facts }: CachedArtefact): Promise<boolean> {
  return (await listPins(cacheFolder)).some(({ digest }) => digest === facts.digest)
}

const versionsOf = (cacheFolder: string, { facts }: CachedArtefact) =>
  listArtefacts(cacheFolder, registryImageKind, registryImageKey(cacheFolder, `${facts.digest}`).name)

/** Layers that no image here has. */
async function collectUnusedBlobs(cacheFolder: string): Promise<void> {
  const used = new Set<string>()
  for (const name of await readdir(join(cacheFolder, registryImageKind)).catch(() => [])) {
    // Somebody is pulling: what its layers are is not known.
    if (name.endsWith('.tmp')) return
    const layers = (await readRecord(join(cacheFolder, registryImageKind, name)))?.facts.layers
    for (const digest of Array.isArray(layers) ? layers : []) used.add(digest)
  }
  await collectBlobs(cacheFolder, used)
}
