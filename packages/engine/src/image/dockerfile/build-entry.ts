import { printBuild } from '@ramet/model/units/build-source.ts'
import { findArtefact, removeArtefact } from '../cache/cache.ts'
import type { RegistryOptions } from '../oci/registry/registry.ts'
import { toRegistryImage } from '../oci/registry-image.ts'
import type { CatalogEntry } from '../recipes/catalog-entry.ts'
import { buildFolder, builtImageKey } from './build-folder.ts'
import { type BuildContext, removeContext } from './context-store.ts'

/** Builds' own settings of a server. */
export interface BuildSettings {
  /** RUN reaches the host's network. */
  readonly hasNetwork: boolean
}

/** What is built from a folder as an entry of the library, called by its content or by a further name. */
export function buildEntry(
  cacheFolder: string,
  context: BuildContext,
  { hasNetwork }: BuildSettings,
  registry?: RegistryOptions,
  tag?: string,
): CatalogEntry {
  const { digest } = context
  const key = builtImageKey(cacheFolder, digest)
  const name = tag ?? printBuild(context)
  return {
    name,
    aliases: [],
    kind: 'image',
    description: `Built from the folder ${context.name}`,
    hash: async () => key.recipeHash,
    find: async () => findArtefact(key),
    build: (options) => buildFolder(name, digest, { ...options, hasNetwork, registry }),
    open: toRegistryImage,
    async forget() {
      for (let found = await findArtefact(key); found; found = await findArtefact(key)) await removeArtefact(found.folder)
      await removeContext(cacheFolder, digest)
    },
  }
}
