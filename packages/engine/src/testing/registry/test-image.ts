import { createHash } from 'node:crypto'
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

/** An image as a registry has it: blobs by digest, and a manifest. */
export interface TestImage {
  readonly blobs: ReadonlyMap<string, Buffer>
  readonly manifest: Buffer
  readonly manifestType: string
  readonly digest: string
  readonly configDigest: string
}

export const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`

const types = {
  oci: [
    'application/vnd.oci.image.manifest.v1+json',
    'application/vnd.oci.image.config.v1+json',
    'application/vnd.oci.image.layer.v1.tar',
  ],
  docker: [
    'application/vnd.docker.distribution.manifest.v2+json',
    'application/vnd.docker.container.image.v1+json',
    'application/vnd.docker.image.rootfs.diff.tar',
  ],
} as const

export interface TestImageOptions {
  readonly format?: keyof typeof types
  readonly compress?: 'gzip' | 'zstd' | 'none'
  readonly config?: Readonly<Record<string, unknown>>
  /** Of archives that are compressed already, which are taken as they are. */
  readonly isCompressed?: boolean
}

/** Layers are archives, lowest first. */
export function testImage(layers: readonly Buffer[], options: TestImageOptions = {}): TestImage {
  const { format = 'oci', compress = 'gzip' } = options
  const [manifestType, configType, layerType] = types[format]
  const pack = {
    gzip: (raw: Buffer) => gzipSync(raw, { level: 1 }),
    zstd: (raw: Buffer) => zstdCompressSync(raw),
    none: (raw: Buffer) => raw,
  }[compress]
  const unpack = { gzip: gunzipSync, zstd: zstdDecompressSync, none: (raw: Buffer) => raw }[compress]
  const packed = options.isCompressed ? layers : layers.map(pack)
  const raw = options.isCompressed ? layers.map((each) => unpack(each)) : layers
  const suffix = compress === 'none' ? '' : format === 'oci' ? `+${compress}` : `.${compress}`
  const config = Buffer.from(
    JSON.stringify({
      architecture: 'amd64',
      os: 'linux',
      config: options.config ?? {},
      rootfs: { type: 'layers', diff_ids: raw.map(digestOf) },
    }),
  )
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: manifestType,
      config: { mediaType: configType, digest: digestOf(config), size: config.length },
      layers: packed.map((layer) => ({ mediaType: `${layerType}${suffix}`, digest: digestOf(layer), size: layer.length })),
    }),
  )
  const blobs = new Map([config, ...packed].map((blob) => [digestOf(blob), blob]))
  return { blobs, manifest, manifestType, digest: digestOf(manifest), configDigest: digestOf(config) }
}

/** Puts it into a real registry at `endpoint` (OCI distribution specification 1.1, "Push"). */
export async function pushImage(
  endpoint: string,
  repository: string,
  tag: string,
  image: TestImage,
  headers: Record<string, string> = {},
): Promise<void> {
  const base = `${endpoint}/v2/${repository}`
  for (const [digest, blob] of image.blobs) {
    const begun = await expectOk(await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers }))
    const at = new URL(begun.headers.get('location') ?? '', endpoint)
    at.searchParams.set('digest', digest)
    await expectOk(
      await fetch(at, {
        method: 'PUT',
        headers: { ...headers, 'content-type': 'application/octet-stream' },
        body: new Uint8Array(blob),
      }),
    )
  }
  const type = { ...headers, 'content-type': image.manifestType }
  await expectOk(await fetch(`${base}/manifests/${tag}`, { method: 'PUT', headers: type, body: new Uint8Array(image.manifest) }))
}

async function expectOk(response: Response): Promise<Response> {
  if (!response.ok) throw new Error(`the registry answers ${response.status}: ${await response.text()}`)
  await response.arrayBuffer()
  return response
}
