import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { encodeFrame, type Frame, FrameReader } from './keeper-frames.ts'

test('frames come back whole, wherever the stream is cut', () => {
  const frame = fc.record({ type: fc.integer({ min: 1, max: 32 }), payload: fc.uint8Array({ maxLength: 40 }) })
  fc.assert(
    fc.property(fc.array(frame), fc.integer({ min: 1, max: 17 }), (frames, step) => {
      const stream = Buffer.concat(frames.map(({ type, payload }) => encodeFrame(type, payload)))
      const reader = new FrameReader()
      const got: Frame[] = []
      for (let at = 0; at < stream.length; at += step) got.push(...reader.read(stream.subarray(at, at + step)))
      assert.deepEqual(
        got.map(({ type, payload }) => ({ type, payload: [...payload] })),
        frames.map(({ type, payload }) => ({ type, payload: [...payload] })),
      )
    }),
  )
})

test('what claims to be an enormous frame is refused, not waited for', () => {
  assert.throws(() => new FrameReader().read(Buffer.from('SSH-2.0-not-a-frame')), /no frames/)
})
