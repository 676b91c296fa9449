import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { createServer, type Server, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { tar } from '@ramet/engine/testing'
import { finish } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/**
 * What a hostile registry can cost at the limits that hold in earnest: a real server process is told to pull, and its memory, the disk and the time are looked
 * at. The same refusals with small limits are in the engine's tests.
 */
const mostMemoryMiB = 300
const mib = 2 ** 20

interface Hostile {
  readonly what: string
  readonly why: RegExp
  readonly withinMs: number
  /** Of the layers in the store and of what is unpacked, while it goes on. */
  readonly mostDiskMiB: number
  serve(path: string, response: ServerResponse): void
}

const digestOf = (bytes: Buffer) => `sha256:${createHash('sha256').update(bytes).digest('hex')}`
const zeroDigest = `sha256:${'0'.repeat(64)}`
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip'

/** An image of one layer whose archive is not what the configuration says: nobody comes so far. */
function imageOf(layer: Buffer): Hostile['serve'] {
  const config = Buffer.from(
    JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [zeroDigest] } }),
  )
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digestOf(config), size: config.length },
      layers: [{ mediaType: layerType, digest: digestOf(layer), size: layer.length }],
    }),
  )
  return (path, response) => {
    if (path.includes('/manifests/')) response.end(manifest)
    else response.end(path.endsWith(digestOf(config)) ? config : layer)
  }
}

/** Parts that are compressed by themselves follow each other in one file (RFC 1952, 2.2), so a layer of gigabytes is made in a moment. */
const members = (...parts: readonly Buffer[]) => Buffer.concat(parts.map((part) => gzipSync(part, { level: 1 })))
const withoutEnd = (archive: Buffer) => archive.subarray(0, archive.length - 1024)

function millionFiles(): Buffer {
  const parts: Buffer[] = []
  for (let part = 0; part < 100; part++) {
    const entries = Array.from({ length: 10_000 }, (_, at) => ({ name: `d${part}/f${at}` }))
    parts.push(gzipSync(withoutEnd(tar(entries)), { level: 1 }))
  }
  return Buffer.concat(parts)
}

function bomb(): Buffer {
  const zeros = gzipSync(Buffer.alloc(256 * mib), { level: 1 })
  const one = gzipSync(withoutEnd(tar([{ name: 'zeros', pax: { size: `${2 ** 30}` } }])), { level: 1 })
  return Buffer.concat(Array.from({ length: 60 }, () => [one, zeros, zeros, zeros, zeros]).flat())
}

const cases: readonly Hostile[] = [
  {
    what: 'a manifest of 100 MB',
    why: /more than 4194304 bytes/,
    withinMs: 30_000,
    mostDiskMiB: 1,
    serve: (_, response) => void response.end(Buffer.alloc(100 * mib, ' ')),
  },
  {
    what: 'five hundred layers',
    why: /500 layers, more than 200/,
    withinMs: 30_000,
    mostDiskMiB: 1,
    serve: (_, response) => {
      const one = { mediaType: layerType, digest: zeroDigest, size: 1 }
      response.end(JSON.stringify({ schemaVersion: 2, config: one, layers: Array(500).fill(one) }))
    },
  },
  {
    what: 'headers that never end',
    why: /headers of an entry have more than/,
    withinMs: 60_000,
    mostDiskMiB: 50,
    serve: imageOf(
      members(...Array.from({ length: 40 }, () => withoutEnd(tar([{ name: 'x', type: 'L', content: Buffer.alloc(mib, 'n') }])))),
    ),
  },
  {
    what: 'a million files',
    why: /more than 800000 entries/,
    withinMs: 600_000,
    mostDiskMiB: 500,
    serve: imageOf(millionFiles()),
  },
  {
    what: 'sixty gigabytes of zeros in a few megabytes',
    why: /unpacks to more than 53687091200 bytes/,
    withinMs: 900_000,
    mostDiskMiB: 500,
    serve: imageOf(bomb()),
  },
]

describe('a hostile registry, at the limits that hold in earnest', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let registry: Server
  let serve: Hostile['serve'] = () => {}
  let host = ''
  const cache = join(server.home, 'cache/fake')

  before(async () => {
    await server.start()
    registry = createServer(({ url = '' }, response) => {
      response.on('error', () => {})
      serve(url, response)
    })
    await new Promise<void>((resolve) => registry.listen(0, '127.0.0.1', resolve))
    host = `127.0.0.1:${(registry.address() as { port: number }).port}`
  })
  after(async () => {
    registry.closeAllConnections()
    registry.close()
    await server.dispose()
  })

  const residentMiB = async () =>
    Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${server.pid}/status`, 'utf8'))?.[1]) / 1024
  // What vanishes meanwhile is complained of.
  const usedMiB = async () => Number(/^\d+/.exec((await finish(['du', '-sk', cache])).stdout)?.[0] ?? 0) / 1024

  for (const [at, { what, why, withinMs, mostDiskMiB, serve: answer }] of cases.entries())
    test(`${what}: refused, within bounds of time, memory and disk, and nothing is kept`, async (t) => {
      serve = answer
      const [memoryBefore, diskBefore, began] = [await residentMiB(), await usedMiB(), Date.now()]
      const most = { memory: 0, disk: 0 }
      let isOver = false
      const looking = (async () => {
        for (; !isOver; await delay(100)) {
          most.memory = Math.max(most.memory, (await residentMiB()) - memoryBefore)
          most.disk = Math.max(most.disk, (await usedMiB()) - diskBefore)
        }
      })()
      const pulled = await server.ramet(['image', 'pull', `${host}/x${at}:1`, '-q'], { timeoutMs: withinMs })
      isOver = true
      await looking
      t.diagnostic(`${Date.now() - began} ms, ${Math.round(most.memory)} MiB more memory, ${Math.round(most.disk)} MiB more disk`)
      assert.match(pulled.stderr, why)
      assert.ok(most.memory < mostMemoryMiB, `${most.memory} MiB of memory`)
      assert.ok(most.disk < mostDiskMiB, `${most.disk} MiB of disk`)
      assert.deepEqual(await readdir(join(cache, 'registry-image')).catch(() => []), [])
      await server.ramet(['image', 'rm', `oci://${host}/x${at}:1`])
      assert.deepEqual(await readdir(join(cache, 'oci-blobs')).catch(() => []), [])
    })
})
