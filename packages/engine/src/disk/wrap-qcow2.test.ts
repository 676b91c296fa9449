import assert from 'node:assert/strict'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../process/run-process.ts'
import { readQcow2Header } from './qcow2-header.ts'
import { contentOffset, qcow2Tables, wrapAsQcow2 } from './wrap-qcow2.ts'

const mib = 2 ** 20

// The last of an L2 table (512 MiB), the first of the next, no multiple of a cluster, and a content without any data.
for (const [sizeBytes, places] of [
  [600 * mib, [0, 70_000, 512 * mib - 65_536, 512 * mib, 600 * mib - 4096]],
  [mib + 4096, [mib]],
  [3 * 2 ** 30, []],
] as const) {
  test(`a raw content of ${sizeBytes} bytes becomes a sound qcow2 of the same content, which takes no more of the disk`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'ramet-wrap-'))
    t.after(() => rm(folder, { recursive: true, force: true }))
    const [plain, wrapped] = [join(folder, 'plain'), join(folder, 'wrapped')]
    for (const [path, offset] of [
      [plain, 0],
      [wrapped, contentOffset(sizeBytes)],
    ] as const) {
      const file = await open(path, 'w')
      await file.truncate(offset + sizeBytes)
      for (const [at, place] of places.entries()) await file.write(Buffer.alloc(4096, at + 1), 0, 4096, offset + place)
      await file.close()
    }
    await wrapAsQcow2(wrapped, sizeBytes)
    await run(['qemu-img', 'compare', '-f', 'raw', '-F', 'qcow2', plain, wrapped])
    const { stdout } = await run(['qemu-img', 'check', '-f', 'qcow2', '--output=json', wrapped])
    const { corruptions, leaks, 'check-errors': errors } = JSON.parse(stdout) as Record<string, number | undefined>
    assert.deepEqual([corruptions, leaks, errors], [undefined, undefined, 0])
    const tables = contentOffset(sizeBytes)
    const more = ((await stat(wrapped)).blocks - (await stat(plain)).blocks) * 512
    assert.ok(more <= tables + 65_536, `${more} more bytes on the disk, of ${tables} of tables`)
  })
}

test('its header is one that we take', () => {
  for (const sizeBytes of [65_536, 50 * 2 ** 30 + 4096]) {
    const header = readQcow2Header(qcow2Tables(sizeBytes, []))
    assert.ok(typeof header === 'object' && header.sizeBytes === sizeBytes, JSON.stringify(header))
  }
  assert.equal(contentOffset(50 * 2 ** 30) % 65_536, 0)
})
