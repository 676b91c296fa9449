import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { chmod, mkdtemp, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { digestRam, packRam, unpackRam } from './ram-file.ts'

const mib = 1024 * 1024
const ramBytes = 20 * mib + 4096

describe('files of RAM', () => {
  let folder = ''
  let plain = ''
  let content = Buffer.alloc(0)

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ram-'))
    plain = join(folder, '0.ram')
    content = Buffer.alloc(ramBytes)
    // Somewhat that compresses, somewhat that does not, at odd places, to the last byte, and holes between.
    Buffer.from('abc'.repeat(mib)).copy(content, 5000)
    randomBytes(mib).copy(content, 9 * mib + 4095)
    content[ramBytes - 1] = 1
    const file = await open(plain, 'w')
    await file.truncate(ramBytes)
    for (let at = 0; at < ramBytes; at += 4096) {
      const page = content.subarray(at, at + 4096)
      if (page.some((byte) => byte !== 0)) await file.write(page, 0, page.length, at)
    }
    await file.close()
    await chmod(plain, 0o440)
  })
  after(() => rm(folder, { recursive: true, force: true }))

  test('compressed and unpacked again they are the same, holes included, in new files with the rights of the old one', async () => {
    const digest = createHash('sha256').update(content).digest('hex')
    assert.equal(await digestRam({ path: plain, isPacked: false }), digest)
    const packed = await packRam(plain)
    assert.deepEqual([packed.digest, packed.isPacked], [digest, true])
    assert.ok(packed.bytes < 2 * mib, `${packed.bytes} bytes`)
    assert.equal(await digestRam(packed), digest)
    const heard: number[] = []
    const unpacked = await unpackRam(packed.path, ramBytes, { isUrgent: true, onProgress: (bytes) => heard.push(bytes) })
    assert.deepEqual([unpacked.digest, unpacked.bytes, unpacked.isPacked], [digest, ramBytes, false])
    assert.ok((await readFile(unpacked.path)).equals(content))
    assert.notEqual(unpacked.path, plain)
    const [was, is] = await Promise.all([stat(plain), stat(unpacked.path)])
    assert.equal(is.mode, was.mode)
    assert.ok(is.blocks <= was.blocks, `${is.blocks} blocks instead of ${was.blocks}`)
    for (const { path } of [packed, unpacked]) await rm(path)
  })

  test('what is damaged or of another length is not unpacked, and leaves nothing', async () => {
    const { path } = await packRam(plain)
    await chmod(path, 0o640)
    await assert.rejects(unpackRam(path, ramBytes - 1), /there is more in it/)
    await assert.rejects(unpackRam(path, ramBytes + 1), /bytes in it instead of/)
    const bytes = await readFile(path)
    bytes[Math.floor(bytes.length / 2)] = (bytes[Math.floor(bytes.length / 2)] ?? 0) ^ 1
    await writeFile(path, bytes)
    await assert.rejects(unpackRam(path, ramBytes), { code: 'process_failed' })
    await assert.rejects(digestRam({ path, isPacked: true }), { code: 'process_failed' })
    await writeFile(path, bytes.subarray(0, bytes.length / 2))
    await assert.rejects(unpackRam(path, ramBytes), { code: 'process_failed' })
    await rm(path)
    assert.deepEqual(await readdir(folder), ['0.ram'])
  })

  test('work that is given up leaves nothing', async () => {
    const abort = new AbortController()
    const packing = packRam(plain, { signal: abort.signal })
    abort.abort()
    await assert.rejects(packing, { code: 'process_failed' })
    assert.deepEqual(await readdir(folder), ['0.ram'])
  })
})
