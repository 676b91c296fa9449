import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeWakeFrame, WakeFrameReader } from './wake-frames.ts'

const frame = (type: number, text: string) => encodeWakeFrame(type, Buffer.from(text))
const read = (reader: WakeFrameReader, ...chunks: Uint8Array[]) =>
  chunks.flatMap((chunk) => reader.read(chunk)).map(({ version, type, payload }) => [version, type, payload.toString()])

test('frames come whole out of a stream that is cut anywhere', () => {
  const stream = Buffer.concat([frame(17, 'one'), frame(18, ''), frame(17, 'three')])
  const expected = [
    [2, 17, 'one'],
    [2, 18, ''],
    [2, 17, 'three'],
  ]
  for (let cut = 0; cut <= stream.length; cut += 1)
    assert.deepEqual(read(new WakeFrameReader(), stream.subarray(0, cut), stream.subarray(cut)), expected)
  assert.deepEqual(read(new WakeFrameReader(), ...Array.from(stream, (byte) => Buffer.of(byte))), expected)
})

test('a frame is found after half of another one, after noise, and after one that was damaged', () => {
  const half = frame(1, 'from before the cut').subarray(0, 21)
  assert.deepEqual(read(new WakeFrameReader(32), half, frame(17, 'whole'), frame(17, 'next')).at(-1), [2, 17, 'next'])
  assert.deepEqual(read(new WakeFrameReader(), Buffer.from('rametwrametwkrametw'), frame(17, 'whole'), frame(17, 'x')), [
    [2, 17, 'whole'],
    [2, 17, 'x'],
  ])
  const damaged = frame(17, 'damaged')
  damaged[20] = (damaged[20] ?? 0) ^ 1
  assert.deepEqual(read(new WakeFrameReader(), damaged, frame(17, 'whole')), [[2, 17, 'whole']])
})

test('a length that no frame has is not waited for, and nothing is kept of an endless stream', () => {
  const endless = Buffer.alloc(16)
  endless.write('rametwk')
  endless.writeUInt32BE(0xffffffff, 12)
  assert.deepEqual(read(new WakeFrameReader(), endless, frame(17, 'whole')), [[2, 17, 'whole']])
  const reader = new WakeFrameReader(300)
  for (let at = 0; at < 1000; at += 1) assert.deepEqual(reader.read(Buffer.alloc(4096, 'rametwk')), [])
  assert.deepEqual(read(reader, Buffer.alloc(400), frame(17, 'whole')), [[2, 17, 'whole']])
})
