import { notFound } from '@ramet/model/errors/errors.ts'
import { buildRootImage, type RootImageRecipe, rootImageHash, toRootImage } from '../build/root-image.ts'
import type { CatalogEntry } from './catalog-entry.ts'
import { debianBpf } from './debian-bpf.ts'
import { debianDocker } from './debian-docker.ts'
import { debianKernel } from './debian-kernel.ts'
import { debianServices } from './debian-services.ts'
import { debianStable } from './debian-stable.ts'
import { buildKernelPack, kernelPackHash, kernelPackName, toKernelPack } from './kernel-pack.ts'
import { kubernetes, kubernetesCosts, kubernetesVersion } from './kubernetes/kubernetes.ts'
import { partitionedEntry } from './partitioned-entry.ts'

const image = (recipe: RootImageRecipe, description: string, aliases: readonly string[] = []): CatalogEntry => ({
  name: recipe.name,
  aliases,
  kind: 'image',
  description,
  hash: () => rootImageHash(recipe),
  build: (options) => buildRootImage(recipe, options),
  open: toRootImage,
})

const debians = [
  image(debianStable, 'Debian 12 with systemd and the usual tools', ['debian']),
  image(debianDocker, 'The same with Docker', ['docker']),
  image(debianServices, 'The same with nginx, PostgreSQL, etcd and an NFS server, none of them started'),
  image(debianKernel, 'The same with a kernel of its own, for machines with `kernel: own`'),
  image(debianBpf, 'The same with bpftrace, bpftool and a compiler for BPF'),
]

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
  ...debians,
  {
    ...image(kubernetes, `Kubernetes ${kubernetesVersion} of its Go modules, with containerd and etcd, on Debian 13`),
    costs: kubernetesCosts,
  },
  ...debians.flatMap((entry) => [partitionedEntry(entry, 'mbr'), partitionedEntry(entry, 'gpt')]),
]

/** By name or alias. */
export function catalogEntry(name: string, entries: readonly CatalogEntry[] = catalog): CatalogEntry {
  const entry = entries.find((each) => each.name === name || each.aliases.includes(name))
  if (!entry) throw notFound('image', name, `There are: ${entries.map((each) => each.name).join(', ')}.`)
  return entry
}
