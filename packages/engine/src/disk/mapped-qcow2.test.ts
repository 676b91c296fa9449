import assert from 'node:assert/strict'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { run } from '../process/run-process.ts'
import { contentOffset, makeMappedFile, mappedLayout, writeMapping } from './mapped-qcow2.ts'
import { headerAreaBytes, readQcow2Header } from './qcow2-header.ts'

const folder = await mkdtemp('/var/tmp/rt-mapped, qcow2-')
after(() => rm(folder, { recursive: true }))
const MiB = 2 ** 20

/** Content that begins in the middle of a cluster, crosses an L2 table, and ends with the drive. */
const parts = (sizeBytes: number) => [
  { at: 4096, bytes: 4096 },
  { at: 512 * MiB - 8192, bytes: 16_384 },
  { at: sizeBytes - 4096, bytes: 4096 },
]

async function mapped(name: string, sizeBytes: number) {
  const file = join(folder, name)
  const layout = mappedLayout(sizeBytes)
  await makeMappedFile(file, layout)
  await using opened = await open(file, 'r+')
  for (const { at, bytes } of parts(sizeBytes))
    await opened.write(Buffer.alloc(bytes, name), 0, bytes, contentOffset(layout) + at)
  await writeMapping(file, layout)
  return file
}

test('content that was written into its place is a sound qcow2, without a copy and with its holes', async () => {
  // With the second, its counts need a second block.
  for (const sizeBytes of [1200 * MiB, 2048 * MiB - 4096]) {
    const file = await mapped(`of ${sizeBytes}`, sizeBytes)
    const { stdout } = await run(['qemu-img', 'check', '--output=json', '-f', 'qcow2', file])
    const { 'check-errors': errors, leaks, corruptions, 'allocated-clusters': allocated } = JSON.parse(stdout)
    assert.deepEqual([errors, leaks ?? 0, corruptions ?? 0, allocated], [0, 0, 0, 4])
    const raw = join(folder, 'raw')
    await run(['qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', file, raw])
    assert.equal((await stat(raw)).size, sizeBytes)
    await using opened = await open(raw)
    for (const { at, bytes } of parts(sizeBytes)) {
      const read = Buffer.alloc(bytes)
      await opened.read(read, 0, bytes, at)
      assert.ok(read.equals(Buffer.alloc(bytes, `of ${sizeBytes}`)), `at ${at}`)
    }
    assert.ok((await stat(file)).blocks * 512 < MiB, 'holes stay holes')
    const start = Buffer.alloc(headerAreaBytes)
    await using written = await open(file)
    await written.read(start, 0, start.length, 0)
    const header = readQcow2Header(start)
    assert.equal(typeof header === 'string' ? header : header.sizeBytes, sizeBytes)
  }
})
