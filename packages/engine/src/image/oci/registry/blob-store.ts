import { createHash, type Hash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { type FileHandle, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { RametError } from '@ramet/model/errors/error.ts'
import { EarlyWriteback } from '../../../disk/early-writeback.ts'
import { syncFolder, temporarySuffix } from '../../../disk/files.ts'
import { ownerTag } from '../../build/owner.ts'
import type { Descriptor } from './manifest.ts'
import { BodyFault, readBody } from './read-body.ts'
import type { Registry } from './registry.ts'
import { blobDamaged, imageCorrupt, registryFailed } from './registry-errors.ts'

/** Below the cache: a blob a file, by its digest, whole and checked. Images share them; a killed server's unfinished ones the cache reclaims. */
const kind = 'oci-blobs'

export const blobFile = (cacheFolder: string, digest: string) => join(cacheFolder, kind, digest.replace(':', '-'))

/** True when it is here. */
export async function hasBlob(cacheFolder: string, { digest, size }: Pick<Descriptor, 'digest' | 'size'>): Promise<boolean> {
  return (await stat(blobFile(cacheFolder, digest)).catch(() => undefined))?.size === size
}

/**
 * Fetches a blob into the store. Checked while it comes; after a break it goes on where it was (Range, RFC 9110 14.2) if the registry can.
 * Throws `image_corrupt`, `registry_failed`, `registry_unreachable` and what a registry may say else.
 */
export async function fetchBlob(
  registry: Registry,
  cacheFolder: string,
  blob: Descriptor,
  what: string,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  await mkdir(join(cacheFolder, kind), { recursive: true })
  const file = blobFile(cacheFolder, blob.digest)
  const temporary = `${file}.${await ownerTag()}.${randomBytes(4).toString('hex')}${temporarySuffix}`
  const handle = await open(temporary, 'wx', 0o644)
  const writeback = new EarlyWriteback(handle)
  try {
    const onWritten = (more: number) => {
      onBytes(more)
      if (more > 0) writeback.add(more)
    }
    await download(registry, handle, blob, what, onWritten, signal)
    await writeback.end()
    await rename(temporary, file)
    await syncFolder(join(cacheFolder, kind))
  } finally {
    await writeback.settled()
    await handle.close()
    await rm(temporary, { force: true })
  }
}

/** Removes the blobs that are not in `kept` and came before `keepSince`. */
export async function collectBlobs(cacheFolder: string, kept: ReadonlySet<string>, keepSince: Date): Promise<void> {
  for (const name of await readdir(join(cacheFolder, kind)).catch(() => [])) {
    if (!/^sha256-[0-9a-f]{64}$/.test(name) || kept.has(name.replace('-', ':'))) continue
    const file = join(cacheFolder, kind, name)
    const found = await stat(file).catch(() => undefined)
    if (found && found.mtime <= keepSince) await rm(file, { force: true })
  }
}

/** Removes blobs that are no longer what their names say, as after a fault of the disk: they are fetched anew then. Throws `image_corrupt` when there are any. */
export async function dropDamagedBlobs(cacheFolder: string, digests: readonly string[]): Promise<void> {
  const damaged: string[] = []
  for (const digest of new Set(digests)) {
    const file = blobFile(cacheFolder, digest)
    const hash = createHash('sha256')
    try {
      for await (const chunk of createReadStream(file)) hash.update(chunk)
    } catch {
      continue
    }
    if (`sha256:${hash.digest('hex')}` === digest) continue
    damaged.push(digest)
    await rm(file, { force: true })
  }
  if (damaged.length > 0) throw blobDamaged(damaged)
}

async function download(
  registry: Registry,
  handle: FileHandle,
  blob: Descriptor,
  what: string,
  onBytes: (bytes: number) => void,
  signal?: AbortSignal,
): Promise<void> {
  const { limits, host } = registry
  let hash = createHash('sha256')
  let bytes = 0
  for (let failures = 0; ; ) {
    const before = bytes
    try {
      const answer = await registry.get(`blobs/${blob.digest}`, what, bytes === 0 ? {} : { range: `bytes=${bytes}-` })
      if (answer.statusCode === 206 ? !startsAt(answer.headers['content-range'], bytes) : bytes > 0) {
        if (answer.statusCode === 206) answer.destroy()
        // It does not go on: all of it once more.
        onBytes(-bytes)
        hash = createHash('sha256')
        bytes = 0
        await handle.truncate(0)
        if (answer.statusCode === 206) throw new BodyFault('it sends another part than it was asked for', true)
      }
      for await (const chunk of readBody(answer, blob.size - bytes, limits)) {
        // Another layer of the same image has failed, or nobody wants it any more.
        signal?.throwIfAborted()
        await writeAll(handle, chunk, bytes)
        hash.update(chunk)
        bytes += chunk.length
        onBytes(chunk.length)
      }
      if (bytes < blob.size) throw new BodyFault(`it sends ${bytes} of ${blob.size} bytes`, true)
      return checkDigest(hash, blob, host, what)
    } catch (error) {
      signal?.throwIfAborted()
      const mayPass =
        error instanceof BodyFault ? error.mayPass : error instanceof RametError && error.code === 'registry_unreachable'
      failures = bytes > before ? 1 : failures + 1
      if (!mayPass || failures >= limits.attempts) {
        if (!(error instanceof BodyFault)) throw error
        throw error.mayPass ? registryFailed(host, what, `${error.message}.`) : imageCorrupt(host, what, `${error.message}.`)
      }
      await delay(limits.retryMs * 2 ** (failures - 1), undefined, { signal })
    }
  }
}

function checkDigest(hash: Hash, { digest }: Descriptor, host: string, what: string): void {
  const found = `sha256:${hash.digest('hex')}`
  if (found !== digest) throw imageCorrupt(host, what, `it is ${found} and not ${digest}.`)
}

const startsAt = (contentRange: string | undefined, offset: number) =>
  /^bytes (\d+)-/.exec(contentRange ?? '')?.[1] === `${offset}`

async function writeAll(handle: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) at += (await handle.write(bytes, at, bytes.length - at, position + at)).bytesWritten
}
