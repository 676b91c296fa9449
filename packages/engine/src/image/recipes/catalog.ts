import { notFound } from '@ramet/model/errors/errors.ts'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import type { TableKind } from '../../disk/partition-table.ts'
import { buildPartitionedImage, partitionedHash, partitionedName } from '../build/partitioned-image.ts'
import { buildRootImage, type ForcedBuild, type RootImageRecipe, rootImageHash, toRootImage } from '../build/root-image.ts'
import type { KernelPack, RootImage } from '../cache/artefact.ts'
import type { CachedArtefact } from '../cache/record.ts'
import { debianBpf } from './debian-bpf.ts'
import { debianDocker } from './debian-docker.ts'
import { debianKernel } from './debian-kernel.ts'
import { debianServices } from './debian-services.ts'
import { debianStable } from './debian-stable.ts'
import { buildKernelPack, kernelPackHash, kernelPackName, toKernelPack } from './kernel-pack.ts'

/** Something that can be built: an entry here is all that a new image needs. */
export interface CatalogEntry {
  readonly name: string
  /** Further names that mean the same. */
  readonly aliases: readonly string[]
  readonly kind: 'image' | 'kernel-pack'
  readonly description: string
  /** Host of the registry that it comes from; absent: it is built here. */
  readonly registry?: string
  /** Identity of what would be built now. */
  hash(): Promise<string>
  build(options: ForcedBuild): Promise<Built>
  /** The same from the cache. */
  open(artefact: CachedArtefact): Built
  /** The newest in the cache, where its hash alone does not say where that is. */
  find?(): Promise<CachedArtefact | undefined>
  /** Of an image from a registry: the digest that its reference stands for here; `pin` asks the registry for one that has none yet. */
  pinned?(): Promise<string | undefined>
  pin?(signal?: AbortSignal, registryAuth?: RegistryAuth): Promise<string>
  /** Removes what the reference stands for, where nothing else does. */
  forget?(): Promise<void>
}

export type Built = RootImage | KernelPack

const image = (recipe: RootImageRecipe, description: string, aliases: readonly string[] = []): CatalogEntry => ({
  name: recipe.name,
  aliases,
  kind: 'image',
  description,
  hash: async () => rootImageHash(recipe),
  build: (options) => buildRootImage(recipe, options),
  open: toRootImage,
})

const partitioned = (recipe: RootImageRecipe, table: TableKind): CatalogEntry => ({
  name: partitionedName(recipe.name, table),
  aliases: [],
  kind: 'image',
  description: `${recipe.name} in a partition (${table.toUpperCase()})`,
  hash: async () => partitionedHash(recipe, table),
  build: (options) => buildPartitionedImage(recipe, table, options),
  open: toRootImage,
})

export const catalog: readonly CatalogEntry[] = [
  {
    name: kernelPackName,
    aliases: ['kernel'],
    kind: 'kernel-pack',
    description: 'Linux 6.1 of Debian 12, its modules and the boot environment of every machine',
    hash: kernelPackHash,
    build: buildKernelPack,
    open: toKernelPack,
  },
  image(debianStable, 'Debian 12 with systemd and the usual tools', ['debian']),
  image(debianDocker, 'The same with Docker', ['docker']),
  image(debianServices, 'The same with nginx, PostgreSQL, etcd and an NFS server, none of them started'),
  image(debianKernel, 'The same with a kernel of its own, for machines with `kernel: own`'),
  image(debianBpf, 'The same with bpftrace, bpftool and a compiler for BPF'),
  ...[debianStable, debianDocker, debianServices, debianBpf, debianKernel].flatMap((recipe) => [
    partitioned(recipe, 'mbr'),
    partitioned(recipe, 'gpt'),
  ]),
]

/** By name or alias. */
export function catalogEntry(name: string, entries: readonly CatalogEntry[] = catalog): CatalogEntry {
  const entry = entries.find((each) => each.name === name || each.aliases.includes(name))
  if (!entry) throw notFound('image', name, `There are: ${entries.map((each) => each.name).join(', ')}.`)
  return entry
}
