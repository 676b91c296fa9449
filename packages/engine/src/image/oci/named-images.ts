import { type ImageReference, isImageReference, parseImageReference } from '@ramet/model/units/image-reference.ts'
import { findArtefact } from '../cache/cache.ts'
import { catalogEntry } from '../recipes/catalog.ts'
import type { CatalogEntry } from '../recipes/catalog-entry.ts'
import { registryEntry } from './registry-entry.ts'

/** What names of images mean: a reference to a registry, or the name of an image that is built here. */
export type ImageNames = Readonly<Record<string, string>>

const labs = 'oci://ghcr.io/iximiuz/labs/rootfs'
// biome-ignore format: a list of short words
const publicRoots = [
  'almalinux', 'alpine', 'archlinux', 'debian-testing', 'fedora', 'kali-linux', 'opensuse-tumbleweed', 'rockylinux', 'ubuntu-22-04', 'ubuntu-24-04',
  'incus', 'nerdctl', 'podman', 'ubuntu-docker', 'ubuntu-k0s', 'ubuntu-k3s-bare', 'ubuntu-k3s-server', 'ubuntu-k3s-agent', 'ubuntu-k3s-dev-machine',
  'golang', 'nodejs', 'python', 'zig', 'k8s-omni-cplane', 'k8s-omni-node', 'k8s-omni-dev-machine',
] as const

/** Names that authors of playgrounds for iximiuz Labs write, and the public root filesystems of that project. What is built here needs no registry. */
export const publicImages: ImageNames = {
  ...Object.fromEntries(publicRoots.map((name) => [name, `${labs}:${name}`])),
  docker: 'debian-docker',
  'k3s-cplane': `${labs}:ubuntu-k3s-server`,
  'k3s-server': `${labs}:ubuntu-k3s-server`,
  'k3s-agent': `${labs}:ubuntu-k3s-agent`,
  'k3s-node': `${labs}:ubuntu-k3s-agent`,
  'k3s-bare': `${labs}:ubuntu-k3s-bare`,
  k0s: `${labs}:ubuntu-k0s`,
}

/** Entries of the library for the names that `entries` does not have. A name that means nothing is left out. */
export function namedEntries(cacheFolder: string, names: ImageNames, entries: readonly CatalogEntry[]): CatalogEntry[] {
  return Object.entries(names)
    .filter(([name]) => !entries.some((each) => each.name === name))
    .flatMap(([name, meaning]): CatalogEntry[] => {
      if (!isImageReference(meaning)) {
        if (!entries.some((each) => each.name === meaning)) return []
        return [sameAs(cacheFolder, name, catalogEntry(meaning, entries))]
      }
      const reference = parseImageReference(meaning)
      return 'wrong' in reference ? [] : [atRegistry(cacheFolder, name, meaning, reference)]
    })
}

const atRegistry = (cacheFolder: string, name: string, meaning: string, reference: ImageReference): CatalogEntry => ({
  ...registryEntry(cacheFolder, reference),
  name,
  description: meaning,
})

const sameAs = (cacheFolder: string, name: string, entry: CatalogEntry): CatalogEntry => ({
  ...entry,
  name,
  aliases: [],
  description: `The same as ${entry.name}`,
  find: async () => findArtefact({ cacheFolder, kind: entry.kind, name: entry.name, recipeHash: await entry.hash() }),
})
