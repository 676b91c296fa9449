import { createHash } from 'node:crypto'
import { link, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { parseImageReference } from '@ramet/model/units/image-reference.ts'
import type { BuildOptions } from '../cache/artefact.ts'
import { fetchImage } from '../oci/registry/fetch-image.ts'
import type { Descriptor } from '../oci/registry/manifest.ts'
import { Registry, type RegistryOptions } from '../oci/registry/registry.ts'
import { resolveDigest } from '../oci/registry-image.ts'

/**
 * Fetches an image that a Dockerfile names, as root images are fetched (pinned, checked, with the same credentials), into an OCI layout in `folder`: the build itself
 * has no network and sees no credentials. Throws what registries do.
 */
export async function layBase(
  written: string,
  folder: string,
  { cacheFolder, report, signal, registry: options }: BuildOptions & { readonly registry?: RegistryOptions | undefined },
): Promise<void> {
  const reference = parseImageReference(written)
  if ('wrong' in reference) throw invalidInput(`The Dockerfile begins from ${written}: ${reference.wrong}`)
  const digest = await resolveDigest(reference, { cacheFolder, registry: options, ...(signal ? { signal } : {}) })
  const image = await fetchImage(new Registry(reference, { ...options, signal }), digest, { cacheFolder, report, signal })
  await mkdir(join(folder, 'blobs/sha256'), { recursive: true })
  const put = async (bytes: Buffer) => {
    const hex = createHash('sha256').update(bytes).digest('hex')
    await writeFile(join(folder, 'blobs/sha256', hex), bytes)
    return { digest: `sha256:${hex}`, size: bytes.length }
  }
  for (const { file, digest: layer } of image.layers)
    await link(file, join(folder, 'blobs/sha256', layer.slice('sha256:'.length))).catch((error) => {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
    })
  const config = {
    mediaType: 'application/vnd.oci.image.config.v1+json',
    ...(await put(withHistory(image.raw.config, image.layers.length))),
  }
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = await put(
    Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType, config, layers: image.raw.layers.map(ofOci) })),
  )
  const annotations = { 'org.opencontainers.image.ref.name': 'base' }
  await writeFile(
    join(folder, 'index.json'),
    JSON.stringify({ schemaVersion: 2, manifests: [{ mediaType, ...manifest, annotations }] }),
  )
  await writeFile(join(folder, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
}

/** Docker's names for the same. */
const ofOci = ({ mediaType, ...layer }: Descriptor) => {
  const packed = /gzip$/.test(mediaType) ? '+gzip' : /zstd$/.test(mediaType) ? '+zstd' : ''
  return { ...layer, mediaType: `application/vnd.oci.image.layer.v1.tar${packed}` }
}

/**
 * The configuration with a history that fits its layers: not every image has one, and buildah 1.28 cannot build on a stage without ("history lists 2 non-empty layers,
 * but we have 3 layers on disk").
 */
export function withHistory(config: Buffer, layers: number): Buffer {
  const json = JSON.parse(config.toString()) as { history?: readonly { readonly empty_layer?: boolean }[] }
  const listed = Array.isArray(json.history) ? json.history.filter((each) => each?.empty_layer !== true).length : 0
  if (listed === layers) return config
  return Buffer.from(JSON.stringify({ ...json, history: Array.from({ length: layers }, () => ({ created_by: 'unknown' })) }))
}
