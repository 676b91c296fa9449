import assert from 'node:assert/strict'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { writeEmptyQcow2 } from './empty-qcow2.ts'
import { headerAreaBytes, readQcow2Header } from './qcow2-header.ts'

const folder = await mkdtemp(join(tmpdir(), 'qcow2-'))
after(() => rm(folder, { recursive: true }))
const GiB = 1024 ** 3

/** The first bytes of an empty drive of ours, changed. */
async function header(change: (bytes: Buffer) => void): Promise<Buffer> {
  await using file = await open(join(folder, 'empty'), 'w+')
  await writeEmptyQcow2(file, 20 * GiB)
  const bytes = Buffer.alloc(headerAreaBytes)
  await file.read(bytes, 0, bytes.length, 0)
  change(bytes)
  return bytes
}
const whyNot = async (change: (bytes: Buffer) => void) => readQcow2Header(await header(change))
const extension = (bytes: Buffer, type: number, text: string) => {
  bytes.writeUInt32BE(type, 112)
  bytes.writeUInt32BE(text.length, 116)
  bytes.write(text, 120)
}

test('a drive of ours is read', async () => {
  assert.deepEqual(await whyNot(() => {}), { sizeBytes: 20 * GiB, l1Offset: 3 * 128 * 1024, l1Entries: 20 })
})

test('a header that names another file, or has what no drive of ours has, is refused with the reason', async () => {
  const cases: [RegExp, (bytes: Buffer) => void][] = [
    [/no qcow2/, (bytes) => bytes.write('root')],
    [/version 2/, (bytes) => bytes.writeUInt32BE(2, 4)],
    [/names a backing file/, (bytes) => bytes.writeBigUInt64BE(512n, 8)],
    [/names a backing file/, (bytes) => bytes.writeUInt32BE(11, 16)],
    [/another file/, (bytes) => bytes.writeBigUInt64BE(20n, 72)],
    [/features/, (bytes) => bytes.writeBigUInt64BE(1n << 40n, 72)],
    [/encrypted/, (bytes) => bytes.writeUInt32BE(2, 32)],
    [/snapshots/, (bytes) => bytes.writeUInt32BE(1, 60)],
    [/bitmaps or raw/, (bytes) => bytes.writeBigUInt64BE(2n, 88)],
    [/clusters have 2\^63/, (bytes) => bytes.writeUInt32BE(63, 20)],
    [/reference counts have/, (bytes) => bytes.writeUInt32BE(7, 96)],
    [/table of reference counts/, (bytes) => bytes.writeUInt32BE(0xffff_ffff, 56)],
    [/tables are too long/, (bytes) => bytes.writeUInt32BE(0xffff_ffff, 36)],
    [/tables are too long/, (bytes) => bytes.writeBigUInt64BE(1n << 63n, 40)],
    [/tables are too long/, (bytes) => bytes.writeBigUInt64BE(1n << 63n, 24)],
    [/header has 72 bytes/, (bytes) => bytes.writeUInt32BE(72, 100)],
    [/does not end/, (bytes) => bytes.writeUInt32BE(0xffff_fff8, 100)],
    [/extension 44415441/, (bytes) => extension(bytes, 0x44415441, '/etc/shadow')],
    [/extension e2792aca/, (bytes) => extension(bytes, 0xe2792aca, 'raw')],
    [/extension 537be77/, (bytes) => extension(bytes, 0x0537be77, 'keys')],
    [/extension 23852875/, (bytes) => extension(bytes, 0x23852875, 'bits')],
    [
      /does not end/,
      (bytes) => {
        extension(bytes, 0x6803f857, 'names')
        bytes.writeUInt32BE(0xffff_fff0, 116)
      },
    ],
  ]
  for (const [why, change] of cases) assert.match(String(await whyNot(change)), why)
})

test('no bytes, however many, make the parser fail or go on for long', async () => {
  const good = await header(() => {})
  for (let length = 0; length <= good.length; length += 7) readQcow2Header(good.subarray(0, length))
  for (let round = 0; round < 20_000; round++) {
    const bytes = Buffer.from(good)
    for (let at = 0; at < 4; at++) bytes[Math.floor(Math.random() * 160)] = Math.floor(Math.random() * 256)
    const found = readQcow2Header(bytes)
    if (typeof found !== 'string')
      assert.ok(found.l1Entries * 8 <= 32 * 1024 * 1024 && found.sizeBytes <= Number.MAX_SAFE_INTEGER)
  }
})
