import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'
import { inflate } from './inflate.ts'

const needsRoot = { skip: process.getuid?.() === 0 ? false : 'needs root' }
const content = Buffer.from(randomBytes(3 * 2 ** 20).toString('base64'))
const packed = gzipSync(content, { level: 1 })
const inParts = (bytes: Buffer) =>
  Readable.from(Array.from({ length: Math.ceil(bytes.length / 65536) }, (_, at) => bytes.subarray(at * 65536, (at + 1) * 65536)))

test('what is packed comes back whole, also of several members after each other', needsRoot, async () => {
  assert.ok((await buffer(inflate(inParts(packed)))).equals(content))
  const two = await buffer(inflate(inParts(Buffer.concat([packed, gzipSync('and more')]))))
  assert.ok(two.equals(Buffer.concat([content, Buffer.from('and more')])))
})

for (const [what, bytes, why] of [
  ['ends early', packed.subarray(0, packed.length - 1000), /ends early/],
  ['has another byte in the middle', damaged(packed.length / 2), /is damaged/],
  ['has another checksum', damaged(packed.length - 8), /is damaged/],
] as const)
  test(`what ${what} is refused`, needsRoot, async () => {
    await assert.rejects(buffer(inflate(inParts(bytes))), { name: 'LayerFault', message: why })
  })

test('its program ends with a reader that goes away', needsRoot, async () => {
  const blob = inParts(packed)
  const ended = once(blob, 'close')
  for await (const _ of inflate(blob)) break
  await ended
})

function damaged(at: number): Buffer {
  const bytes = Buffer.from(packed)
  for (let byte = Math.floor(at); byte < at + 4; byte += 1) bytes[byte] = (bytes[byte] ?? 0) ^ 0x55
  return bytes
}
