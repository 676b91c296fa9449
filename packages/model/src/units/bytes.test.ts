import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytesSchema, formatBytes, parseBytes } from './bytes.ts'

const gib = 1024 ** 3

test('sizes are taken as people write them', () => {
  const sizes: Record<string, number> = {
    '10GIB': 10 * gib,
    '2Gi': 2 * gib,
    '512M': 512 * 1024 ** 2,
    '20 GiB': 20 * gib,
    '1g': gib,
    '1.5gib': 1.5 * gib,
    '1GB': 1e9,
    '1 gb': 1e9,
    '64k': 64 * 1024,
    '4096': 4096,
    '4096b': 4096,
  }
  for (const [text, bytes] of Object.entries(sizes)) assert.equal(parseBytes(text), bytes, text)
})

test('what is no size is none', () => {
  for (const text of ['', 'lots', 'G', '1GG', '-1G', '1e3', '0x10', '1 G B', '1i', '1ib', '1,5G', '9999999P'])
    assert.equal(parseBytes(text), undefined, text)
  assert.equal(bytesSchema.safeParse('0').success, false)
})

test('a size that was formatted is the same size', () => {
  for (const bytes of [1, 1023, 1024, 20 * gib, 1.5 * gib]) assert.equal(parseBytes(formatBytes(bytes)), bytes)
})
