import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { lstat, open } from 'node:fs/promises'
import { join } from 'node:path'
import { imageRefused } from '../oci/image-refused.ts'
import type { FetchedImage } from '../oci/registry/fetch-image.ts'
import { registryLimits } from '../oci/registry/limits.ts'
import { isDigest, parseConfig, parseManifest } from '../oci/registry/manifest.ts'

/**
 * The image in an OCI layout (image-layout.md of the image specification 1.1) that a program of somebody else's wrote, which has ended: no link in it is followed. Its layers are
 * checked by what unpacks them. Throws `image_refused`.
 */
export async function readLayout(folder: string, of: string): Promise<FetchedImage & { readonly digest: string }> {
  for (const each of [folder, join(folder, 'blobs'), join(folder, 'blobs/sha256')])
    if (!(await lstat(each).catch(() => undefined))?.isDirectory()) throw imageRefused(`${of} was built to no image.`)
  const blob = (digest: string) => join(folder, 'blobs/sha256', isDigest(digest) ? digest.slice('sha256:'.length) : 'none')
  const index = parseManifest(await readSmall(join(folder, 'index.json'), of), '', of, registryLimits.layers)
  const [only] = index.kind === 'index' ? index.manifests : []
  if (!only) throw imageRefused(`${of} was built to no image.`)
  const bytes = await readSmall(blob(only.digest), of, only.digest)
  const manifest = parseManifest(bytes, only.mediaType, of, registryLimits.layers)
  if (manifest.kind !== 'image') throw imageRefused(`${of} was built to an index of images.`)
  const config = parseConfig(
    await readSmall(blob(manifest.config.digest), of, manifest.config.digest),
    of,
    manifest.layers.length,
  )
  const layers: { file: string; digest: string; diffId: string; bytes: number }[] = []
  for (const [at, { digest }] of manifest.layers.entries()) {
    const found = await lstat(blob(digest)).catch(() => undefined)
    if (!found?.isFile()) throw imageRefused(`${of} was built without its layer ${digest}.`)
    layers.push({ file: blob(digest), digest, diffId: config.diffIds[at] as string, bytes: found.size })
  }
  return {
    digest: only.digest,
    layers,
    here: async () => {},
    config,
    bytes: layers.reduce((sum, { bytes: each }) => sum + each, 0),
    done: Promise.resolve(),
  }
}

async function readSmall(path: string, of: string, digest?: string): Promise<Buffer> {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(() => undefined)
  if (!file) throw imageRefused(`${of} was built without ${digest ?? 'its index'}.`)
  try {
    const found = await file.stat()
    if (!found.isFile() || found.size > registryLimits.manifestBytes)
      throw imageRefused(`${of} was built with a manifest that is none.`)
    const bytes = await file.readFile()
    if (digest !== undefined && `sha256:${createHash('sha256').update(bytes).digest('hex')}` !== digest)
      throw imageRefused(`${of} was built with a manifest that is not ${digest}.`)
    return bytes
  } finally {
    await file.close()
  }
}
