import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  AnswerFinder,
  answer,
  type ChannelFrame,
  ChannelFrameReader,
  encodeFrame,
  greeting,
  largestPayload,
  payloadLength,
  says,
} from './channel-frames.ts'

const pieces = function* (bytes: Buffer, step: number) {
  for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step)
}

test('frames come back whole, wherever the stream is cut', () => {
  const frame = fc.record({
    type: fc.constantFrom(...Object.values(says)),
    channel: fc.integer({ min: 0, max: 512 }),
    payload: fc.uint8Array({ maxLength: 40 }),
  })
  const plain = ({ type, channel, payload }: { type: number; channel: number; payload: Uint8Array }) => [
    type,
    channel,
    [...payload],
  ]
  fc.assert(
    fc.property(fc.array(frame), fc.integer({ min: 1, max: 17 }), (frames, step) => {
      const stream = Buffer.concat(frames.map(({ type, channel, payload }) => encodeFrame(type, channel, payload)))
      const reader = new ChannelFrameReader()
      const got: ChannelFrame[] = []
      for (const piece of pieces(stream, step))
        reader.read(piece, (each) => got.push({ ...each, payload: Buffer.from(each.payload) }))
      assert.deepEqual(got.map(plain), frames.map(plain))
    }),
  )
})

test('what no agent sends ends the reading at once: zeros, other types, channels and lengths', () => {
  const read = (bytes: Buffer) => new ChannelFrameReader().read(bytes, () => {})
  const header = (type: number, channel: number, length: number) =>
    Buffer.of(type, channel >> 8, channel & 255, length >> 8, length & 255)
  for (const bytes of [
    Buffer.alloc(5),
    header(255, 1, 1),
    header(says.out, 513, 1),
    header(says.out, 1, largestPayload + 1),
    Buffer.from('HTTP/1.0'),
  ])
    assert.throws(() => read(bytes), /no frames/)
  // Half a frame, and the zeros of an agent that was started anew: as many as may be missing, and more.
  const half = encodeFrame(says.out, 1, Buffer.alloc(largestPayload)).subarray(0, 20)
  assert.throws(() => read(Buffer.concat([half, Buffer.alloc(largestPayload + 5)])), /no frames/)
})

test('the answer to a greeting is found behind anything, and nobody else’s is taken for it', () => {
  const nonce = randomBytes(16)
  const other = answer(randomBytes(16))
  const noise = [Buffer.alloc(0), Buffer.alloc(20_000, 7), other, other.subarray(0, 20), nonce, answer(nonce).subarray(0, 30)]
  for (const before of noise) {
    const stream = Buffer.concat([before, answer(nonce), Buffer.from('rest')])
    for (const step of [1, 7, 33, 5000]) {
      const finder = new AnswerFinder(nonce)
      let found: ReturnType<AnswerFinder['read']>
      let rest = ''
      for (const piece of pieces(stream, step)) {
        if (found) rest += piece
        else found = finder.read(piece)
      }
      assert.equal(found?.version, 1)
      assert.equal(`${found?.rest}${rest}`, 'rest')
    }
  }
  assert.equal(new AnswerFinder(nonce).read(other), undefined)
})

test('no payload has the whole of a greeting in it, and none is lost', () => {
  const words = greeting(randomBytes(16))
  const part = fc.oneof(fc.constant(words), fc.constant(words.subarray(0, 9)), fc.uint8Array({ maxLength: 30 }))
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const all = Buffer.concat(parts)
      const payloads: Buffer[] = []
      for (let rest = all; rest.length > 0; rest = rest.subarray(payloadLength(rest)))
        payloads.push(rest.subarray(0, payloadLength(rest)))
      assert.ok(payloads.every((payload) => !payload.includes(words.subarray(0, 16))))
      assert.deepEqual(Buffer.concat(payloads), all)
    }),
  )
})
