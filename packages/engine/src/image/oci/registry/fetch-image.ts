import { printImageReference } from '@ramet/model/units/image-reference.ts'
import { requireSpace } from '../../../disk/space.ts'
import type { ReportProgress } from '../../cache/artefact.ts'
import { imageRefused } from '../image-refused.ts'
import type { LayerFile } from '../layers/apply-layers.ts'
import { blobFile, fetchBlob, hasBlob } from './blob-store.ts'
import { type Descriptor, type ImageConfig, parseConfig, parseManifest } from './manifest.ts'
import type { Registry } from './registry.ts'

/** An image whose layers are in the store, or on their way to it. */
export interface FetchedImage {
  /** `bytes`: as the registry sends it. */
  readonly layers: readonly (LayerFile & { readonly bytes: number })[]
  /** Resolves when that layer is whole in the store. Rejects when it or another one cannot be had. */
  here(index: number): Promise<void>
  readonly config: ImageConfig
  /** As the registry sends them. */
  readonly bytes: number
  /** Settles when nothing is on its way any more. */
  readonly done: Promise<void>
}

/** The same with what describes it there, to be handed on. */
export interface ImageOfRegistry extends FetchedImage {
  readonly raw: { readonly config: Buffer; readonly layers: readonly Descriptor[] }
}

const architectures: Record<string, string> = { x64: 'amd64', arm64: 'arm64' }
/** Share of the whole that is done when all layers are here. */
export const fetchedPercent = 60
const reportEveryMs = 200

/** Fetches the image as a whole. Throws what `beginFetch` throws and what its layers do. */
export async function fetchImage(...of: Parameters<typeof beginFetch>): Promise<ImageOfRegistry> {
  const image = await beginFetch(...of)
  await image.done
  return image
}

/**
 * Begins to fetch the image of that digest, an index's for this platform. Layers come side by side, lowest first; those that are in the store already do
 * not come again. Throws what `Registry` throws, `image_refused` and `no_space`; layers throw what `fetchBlob` throws.
 */
export async function beginFetch(
  registry: Registry,
  digest: string,
  options: { readonly cacheFolder: string; readonly report: ReportProgress; readonly signal?: AbortSignal | undefined },
): Promise<ImageOfRegistry> {
  const { cacheFolder, report, signal } = options
  const { limits, reference } = registry
  const of = printImageReference(reference)
  const image = await findImage(registry, digest, of)
  const configBytes = await registry.smallBlob(image.config.digest, `the configuration of ${of}`)
  const { diffIds, ...config } = parseConfig(configBytes, of, image.layers.length)
  const unique = [...new Map(image.layers.map((layer) => [layer.digest, layer])).values()]
  const tooBig = unique.find(({ size }) => size > limits.blobBytes)
  const bytes = unique.reduce((sum, { size }) => sum + size, 0)
  if (tooBig || bytes > limits.imageBytes)
    throw imageRefused(
      `${of} has ${bytes} bytes of layers, more than ${limits.imageBytes}, or one of more than ${limits.blobBytes}.`,
    )
  const missing: Descriptor[] = []
  for (const layer of unique) if (!(await hasBlob(cacheFolder, layer))) missing.push(layer)
  const wanted = missing.reduce((sum, { size }) => sum + size, 0)
  await requireSpace(cacheFolder, wanted)
  let come = 0
  let reportedAt = 0
  const onBytes = (more: number) => {
    come += more
    if (Date.now() - reportedAt < reportEveryMs) return
    reportedAt = Date.now()
    const message = `Fetching ${of}: ${mebibytes(come)} of ${mebibytes(wanted)} MiB`
    report({ step: 'Fetching layers', message, percent: wanted === 0 ? fetchedPercent : (come / wanted) * fetchedPercent })
  }
  const arrivals = new Map(missing.map(({ digest: layer }) => [layer, Promise.withResolvers<void>()]))
  const done = sideBySide(missing, limits.parallel, signal, async (layer, each) => {
    const what = `layer ${unique.indexOf(layer) + 1} of ${of}`
    await fetchBlob(registry, cacheFolder, layer, what, onBytes, each)
    arrivals.get(layer.digest)?.resolve()
  })
  done.catch((error) => {
    for (const { reject } of arrivals.values()) reject(error)
  })
  for (const { promise } of arrivals.values()) promise.catch(() => {})
  const layers = image.layers.map(({ digest: layer, size }, at) => ({
    file: blobFile(cacheFolder, layer),
    digest: layer,
    bytes: size,
    diffId: diffIds[at] as string,
  }))
  const here = async (index: number) => arrivals.get(layers[index]?.digest ?? '')?.promise
  return { layers, here, config: { diffIds, ...config }, bytes, done, raw: { config: configBytes, layers: image.layers } }
}

/** Of an index: the first manifest for Linux on this architecture. */
async function findImage(registry: Registry, digest: string, of: string) {
  const { bytes, mediaType } = await registry.manifest(digest)
  const parsed = parseManifest(bytes, mediaType, of, registry.limits.layers)
  if (parsed.kind === 'image') return parsed
  const architecture = architectures[process.arch] ?? process.arch
  const fitting = parsed.manifests.find((each) => each.os === 'linux' && each.architecture === architecture)
  if (!fitting) {
    const there = [...new Set(parsed.manifests.map((each) => `${each.os}/${each.architecture}`))].filter(
      (each) => !each.includes('unknown'),
    )
    throw imageRefused(
      `${of} is not made for linux/${architecture}.`,
      `It is made for: ${there.join(', ').slice(0, 300) || 'nothing'}.`,
    )
  }
  const inner = await registry.manifest(fitting.digest)
  const image = parseManifest(inner.bytes, inner.mediaType, of, registry.limits.layers)
  if (image.kind !== 'image') throw imageRefused(`${of} is an index of indexes.`)
  return image
}

/** At most `most` at a time; the first failure ends the others. */
async function sideBySide<T>(
  items: readonly T[],
  most: number,
  signal: AbortSignal | undefined,
  work: (item: T, signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController()
  const both = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const queue = [...items]
  let failure: { error: unknown } | undefined
  const worker = async () => {
    for (let item = queue.shift(); item !== undefined && !failure; item = queue.shift()) {
      try {
        await work(item, both)
      } catch (error) {
        failure ??= { error }
        stop.abort(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, worker))
  if (failure) throw failure.error
}

const mebibytes = (bytes: number) => Math.round(bytes / 2 ** 20)
