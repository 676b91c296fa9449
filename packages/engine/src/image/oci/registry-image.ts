import { join } from 'node:path'
import type { RametError } from '@ramet/model/errors/error.ts'
import { type ImageReference, printImageReference } from '@ramet/model/units/image-reference.ts'
import type { BuildOptions, RootImage } from '../cache/artefact.ts'
import { type ArtefactKey, cached } from '../cache/cache.ts'
import type { CachedArtefact } from '../cache/record.ts'
import { recipeHash } from '../recipes/recipe.ts'
import { convertImage } from './convert-image.ts'
import { pinnedDigest, setPin } from './pins.ts'
import { dropDamagedBlobs } from './registry/blob-store.ts'
import { beginFetch } from './registry/fetch-image.ts'
import { Registry, type RegistryOptions } from './registry/registry.ts'

export const registryImageKind = 'registry-image'
const diskName = 'root.qcow2'
/** Changed by hand whenever `convert-image.ts` and what is below `layers/` make something else of the same image. */
const revision = '3'

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
  readonly registry?: RegistryOptions | undefined
}

type ResolveOptions = Pick<PullOptions, 'cacheFolder' | 'registry' | 'signal'>

/** What the reference stands for: its own digest, the pinned one, or what the registry says now, which is pinned then. */
export async function resolveDigest(reference: ImageReference, options: ResolveOptions): Promise<string> {
  const { cacheFolder } = options
  const digest = (await pinnedDigest(cacheFolder, reference)) ?? (await askDigest(reference, options))
  await setPin(cacheFolder, reference, digest)
  return digest
}

async function askDigest(reference: ImageReference, { registry, signal }: ResolveOptions): Promise<string> {
  if (reference.digest !== undefined) return reference.digest
  return (await new Registry(reference, { ...registry, signal }).manifest(reference.tag ?? 'latest')).digest
}

/**
 * The image as a base for drives, from the cache when its digest was converted before. A newer one is what the reference stands for once it is whole: until
 * then, and when it cannot be had, the one before goes on.
 */
export async function pullImage(reference: ImageReference, options: PullOptions): Promise<RootImage> {
  const { cacheFolder, report, signal } = options
  const of = printImageReference(reference)
  report({ step: 'Asking the registry', message: `Asking ${reference.host} for ${of}`, percent: 0 })
  const digest = options.newest ? await askDigest(reference, options) : await resolveDigest(reference, options)
  const onWait = () => report({ step: 'Waiting', message: `Another process is pulling ${of}` })
  const build = async (folder: string, scratch: string) => {
    const stop = new AbortController()
    const either = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
    const registry = new Registry(reference, { ...options.registry, signal: either })
    const image = await beginFetch(registry, digest, { cacheFolder, report, signal: either })
    const layers = image.layers.map((layer) => layer.digest)
    try {
      const disk = join(folder, diskName)
      const { sizeBytes, init, shell } = await convertImage(image, { cacheFolder, scratch, disk, of, report, signal })
      await setPin(cacheFolder, reference, digest)
      const { diffIds: _, ...said } = image.config
      const found = { ...(init === undefined ? {} : { init }), ...(shell === undefined ? {} : { shell }) }
      return { digest, layers, layerBytes: image.layers.map(({ bytes }) => `${bytes}`), sizeBytes, ...said, ...found }
    } catch (error) {
      stop.abort(error)
      await image.done.catch(() => {})
      if ((error as RametError).code === 'image_refused') await dropDamagedBlobs(cacheFolder, layers)
      throw error
    }
  }
  const artefact = await cached(registryImageKey(cacheFolder, digest), build, { signal, onWait })
  await setPin(cacheFolder, reference, digest)
  return toRegistryImage(artefact)
}

export function toRegistryImage({ folder, bytes, builtAt, facts }: CachedArtefact): RootImage {
  const cannotBoot = whyNotBootable(facts)
  return { folder, bytes, builtAt, disk: join(folder, diskName), sizeBytes: Number(facts.sizeBytes), cannotBoot }
}

/** A machine needs a shell, for people and for tasks; an init it gets from us. */
function whyNotBootable({ shell }: CachedArtefact['facts']): string | undefined {
  return shell === undefined ? 'It has no shell (/bin/sh), so nobody could do anything in a machine of it.' : undefined
}
