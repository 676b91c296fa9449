import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'
import { partitionBytes, partitionTable } from './partition-table.ts'

const mib = 1024 ** 2

describe('the partition table of a root drive', () => {
  for (const driveBytes of [64 * mib, 20 * 1024 * mib, 64 * mib + 512])
    test(`its partition leaves a MiB before and behind it, on a drive of ${driveBytes} bytes`, () => {
      const behind = driveBytes - mib - partitionBytes(driveBytes)
      assert.ok(behind >= mib && behind < 2 * mib, `${behind}`)
    })

  test('the same drive gets the same table, another one other identifiers', () => {
    for (const kind of ['mbr', 'gpt'] as const) {
      const [one, again, other] = ['a', 'a', 'b'].map((seed) => partitionTable(kind, 64 * mib, seed)[0]?.bytes)
      assert.deepEqual(one, again)
      assert.notDeepEqual(one, other)
    }
  })

  test('an MBR has one active Linux partition', () => {
    const [{ at, bytes } = { at: -1, bytes: Buffer.alloc(0) }, ...rest] = partitionTable('mbr', 64 * mib, 'a')
    assert.deepEqual([at, bytes.length, rest.length], [0, mib, 0])
    assert.deepEqual([bytes[446], bytes[450], bytes.readUInt32LE(454), bytes.readUInt32LE(458)], [0x80, 0x83, 2048, 62 * 2048])
    assert.equal(bytes.readUInt16LE(510), 0xaa55)
  })

  test('both headers of a GPT have their checksums and name each other, and all is written in whole blocks', () => {
    const driveBytes = 64 * mib
    const disk = Buffer.alloc(driveBytes)
    for (const { at, bytes } of partitionTable('gpt', driveBytes, 'a')) {
      assert.deepEqual([at % 4096, bytes.length % 4096], [0, 0])
      bytes.copy(disk, at)
    }
    const last = driveBytes / 512 - 1
    for (const [own, other] of [
      [1, last],
      [last, 1],
    ] as const) {
      const header = Buffer.from(disk.subarray(own * 512, own * 512 + 92))
      assert.equal(header.toString('latin1', 0, 8), 'EFI PART')
      assert.deepEqual([header.readBigUInt64LE(24), header.readBigUInt64LE(32)], [BigInt(own), BigInt(other)])
      const entries = Number(header.readBigUInt64LE(72)) * 512
      assert.equal(crc32(disk.subarray(entries, entries + 128 * 128)), header.readUInt32LE(88))
      const found = header.readUInt32LE(16)
      header.writeUInt32LE(0, 16)
      assert.equal(crc32(header), found)
      assert.equal(disk.readBigUInt64LE(entries + 40) - disk.readBigUInt64LE(entries + 32) + 1n, BigInt(62 * 2048))
    }
  })
})
