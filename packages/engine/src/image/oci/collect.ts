import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { temporarySuffix } from '../../disk/files.ts'
import { removeArtefact } from '../cache/cache.ts'
import { readRecord } from '../cache/record.ts'
import { listPins } from './pins.ts'
import { collectBlobs } from './registry/blob-store.ts'
import { registryImageKey, registryImageKind } from './registry-image.ts'

/**
 * Removes images that no reference stands for any more, as those of before a newer one was pulled, and then the layers that no image here has, unless they came
 * after `keepSince`. Runs are not concerned: their layers are files of their own.
 */
export async function collectRegistryImages(cacheFolder: string, keepSince = new Date()): Promise<void> {
  // Those in a partition too.
  const wanted = (await listPins(cacheFolder)).flatMap(({ digest }) =>
    ['-', '+'].map((next) => `${registryImageKey(cacheFolder, digest).name}${next}`),
  )
  const used = new Set<string>()
  const names = await readdir(join(cacheFolder, registryImageKind)).catch((): string[] => [])
  for (const folder of names
    .filter((name) => !name.endsWith(temporarySuffix))
    .map((name) => join(cacheFolder, registryImageKind, name))) {
    const image = await readRecord(folder)
    if (!image || !wanted.some((each) => basename(folder).startsWith(each))) {
      await removeArtefact(folder)
      continue
    }
    const { layers } = image.facts
    for (const digest of Array.isArray(layers) ? layers : []) used.add(digest)
  }
  // While somebody pulls, it is not known which layers they will want.
  if (!names.some((name) => name.endsWith(temporarySuffix))) await collectBlobs(cacheFolder, used, keepSince)
}
