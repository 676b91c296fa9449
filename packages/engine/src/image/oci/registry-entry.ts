import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type ImageReference, printImageReference } from '@ramet/model/units/image-reference.ts'
import { temporarySuffix } from '../../disk/files.ts'
import { findArtefact } from '../cache/cache.ts'
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
      await removePin(cacheFolder, reference)
      return unpinned(cacheFolder)
    },
    afterRemoval: () => collectUnusedBlobs(cacheFolder),
  }
}

/** Images that no reference stands for any more, also those of before a newer one was pulled. */
async function unpinned(cacheFolder: string): Promise<CachedArtefact[]> {
  const pinned = new Set<unknown>((await listPins(cacheFolder)).map(({ digest }) => digest))
  return (await wholeImages(cacheFolder)).filter(({ facts }) => !pinned.has(facts.digest))
}

async function wholeImages(cacheFolder: string): Promise<CachedArtefact[]> {
  const found: CachedArtefact[] = []
  for (const name of await namesOfImages(cacheFolder)) {
    const image = name.endsWith(temporarySuffix) ? undefined : await readRecord(join(cacheFolder, registryImageKind, name))
    if (image) found.push(image)
  }
  return found
}

const namesOfImages = (cacheFolder: string) => readdir(join(cacheFolder, registryImageKind)).catch((): string[] => [])

/** Layers that no image here has. */
async function collectUnusedBlobs(cacheFolder: string): Promise<void> {
  // While somebody pulls, it is not known which layers they will want.
  if ((await namesOfImages(cacheFolder)).some((name) => name.endsWith(temporarySuffix))) return
  const used = new Set<string>()
  for (const { facts } of await wholeImages(cacheFolder))
    for (const digest of Array.isArray(facts.layers) ? facts.layers : []) used.add(digest)
  await collectBlobs(cacheFolder, used)
}
