import { mkdir, rename, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { type ImageReference, printImageReference } from '@ramet/model/units/image-reference.ts'
import { runBuild } from '../build/build-process.ts'
import { makeExt4 } from '../build/ext4.ts'
import type { BuildOptions, RootImage } from '../cache/artefact.ts'
import { type ArtefactKey, cached } from '../cache/cache.ts'
import type { CachedArtefact } from '../cache/record.ts'
import { recipeHash } from '../recipes/recipe.ts'
import { unpackLayers } from './layers/unpack.ts'
import { pinnedDigest, setPin } from './pins.ts'
import { fetchImage } from './registry/fetch-image.ts'
import { Registry, type RegistryOptions } from './registry/registry.ts'

export const registryImageKind = 'registry-image'
const diskName = 'root.qcow2'
/** Changed by hand whenever what is below `layers/` or the filesystem comes out otherwise from the same image. */
const revision = '1'
const journalMiB = 64
/** As mke2fs has it for small filesystems (mke2fs.conf, inode_ratio). A filesystem that grows keeps it. */
const bytesPerInode = 16_384
const unit = 64 * 2 ** 20

/** Where an image of this digest is in the cache, whatever it is called. */
export const registryImageKey = (cacheFolder: string, digest: string): ArtefactKey => ({
  cacheFolder,
  kind: registryImageKind,
  name: digest.slice('sha256:'.length, 'sha256:'.length + 32),
  recipeHash: recipeHash({ revision, digest }),
})

export interface PullOptions extends BuildOptions {
  /** Asks the registry what the tag stands for now. */
  readonly newest?: boolean
  readonly registry?: RegistryOptions
}

/** What the reference stands for: its own digest, the pinned one, or what the registry says now, which is pinned then. */
export async function resolveDigest(
  reference: ImageReference,
  { cacheFolder, newest, registry, signal }: Pick<PullOptions, 'cacheFolder' | 'newest' | 'registry' | 'signal'>,
): Promise<string> {
  if (reference.digest !== undefined) {
    await setPin(cacheFolder, reference, reference.digest)
    return reference.digest
  }
  const pinned = newest ? undefined : await pinnedDigest(cacheFolder, reference)
  if (pinned !== undefined) return pinned
  const { digest } = await new Registry(reference, { ...registry, signal }).manifest(reference.tag ?? 'latest')
  await setPin(cacheFolder, reference, digest)
  return digest
}

/** The image as a base for drives, from the cache when its digest was converted before. */
export async function pullImage(reference: ImageReference, options: PullOptions): Promise<RootImage> {
  const { cacheFolder, report, signal } = options
  const of = printImageReference(reference)
  report({ step: 'Asking the registry', message: `Asking ${reference.host} for ${of}`, percent: 0 })
  const digest = await resolveDigest(reference, options)
  const onWait = () => report({ step: 'Waiting', message: `Another process is pulling ${of}` })
  const convert = async (folder: string, scratch: string) => {
    const registry = new Registry(reference, { ...options.registry, signal })
    const image = await fetchImage(registry, digest, { cacheFolder, report, signal })
    const root = resolve(scratch, 'root')
    await mkdir(root, { mode: 0o755 })
    const tree = await unpackLayers({
      cacheFolder,
      layers: image.layers,
      folder: root,
      onRead: (bytes) =>
        report({ step: 'Unpacking layers', message: `Unpacking ${of}`, percent: 60 + 20 * Math.min(1, bytes / image.bytes) }),
      signal,
    })
    report({ step: 'Making the filesystem', message: 'Making the filesystem', percent: 80 })
    const raw = join(scratch, 'root.raw')
    const { sizeBytes, inodeBytes } = filesystemFor(tree)
    await makeExt4({
      from: root,
      file: raw,
      sizeBytes,
      label: 'root',
      journalMiB,
      bytesPerInode: inodeBytes,
      keepsRootOwner: true,
      signal,
    })
    await rm(root, { recursive: true })
    report({ step: 'Packing the image', message: 'Packing the image', percent: 92 })
    const packed = join(scratch, diskName)
    await runBuild(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', raw, packed], { signal })
    await rename(packed, join(folder, diskName))
    return {
      sizeBytes,
      digest,
      layers: image.layers.map((layer) => layer.digest),
      environment: image.config.environment,
      workingFolder: image.config.workingFolder,
      ...(tree.init === undefined ? {} : { init: tree.init }),
      ...(tree.shell === undefined ? {} : { shell: tree.shell }),
    }
  }
  return toRegistryImage(await cached(registryImageKey(cacheFolder, digest), convert, { signal, onWait }))
}

export function toRegistryImage({ folder, bytes, builtAt, facts }: CachedArtefact): RootImage {
  return {
    folder,
    bytes,
    builtAt,
    disk: join(folder, diskName),
    sizeBytes: Number(facts.sizeBytes),
    cannotBoot: whyNotBootable(facts),
  }
}

/** A machine needs a shell, for people and for tasks; an init it gets from us. */
function whyNotBootable({ shell }: CachedArtefact['facts']): string | undefined {
  return shell === undefined ? 'It has no shell (/bin/sh), so nobody could do anything in a machine of it.' : undefined
}

/** Room for the content, as much again for inode tables and what a guest writes before its drive is grown; as many inodes as are needed twice. */
function filesystemFor({ bytes, inodes }: { readonly bytes: number; readonly inodes: number }): {
  sizeBytes: number
  inodeBytes: number
} {
  const needed = bytes * 1.1 + inodes * 512 + journalMiB * 2 ** 20 + 2 * unit
  const sizeBytes = Math.ceil(needed / unit) * unit
  const inodeBytes = Math.max(1024, Math.min(bytesPerInode, Math.floor(sizeBytes / (inodes * 2 + 1024) / 1024) * 1024))
  return { sizeBytes, inodeBytes }
}
