import assert from 'node:assert/strict'
import { buffer } from 'node:stream/consumers'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { outputWindow } from './channel-frames.ts'
import { ChannelOutput } from './channel-output.ts'

test('what is read is granted again, and what is not read is not', async () => {
  let granted = 0
  const output = new ChannelOutput((bytes) => {
    granted += bytes
  })
  const chunk = Buffer.alloc(16_384, 'x')
  for (let sent = 0; sent < outputWindow; sent += chunk.length) output.receive(chunk)
  await setImmediate()
  assert.equal(granted, 0)
  assert.throws(() => output.receive(Buffer.of(1)), /more than it may/)
  const reading = buffer(output)
  await setImmediate()
  for (let more = 0; more < 100; more += 1) {
    const before: number = granted
    for (let sent = 0; sent + chunk.length <= outputWindow / 4; sent += chunk.length) output.receive(chunk)
    while (granted === before) await setImmediate()
  }
  output.finish()
  assert.equal((await reading).length, outputWindow + (100 * outputWindow) / 4)
})

test('bytes that come one by one take no more room than any others, and arrive in order', async () => {
  const output = new ChannelOutput(() => {})
  output.read(0)
  const before = process.memoryUsage()
  for (let at = 0; at < outputWindow; at += 1) output.receive(Buffer.of(at & 255))
  const after = process.memoryUsage()
  assert.ok(after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers < 16 * 1024 * 1024)
  output.finish()
  const all = await buffer(output)
  assert.equal(all.length, outputWindow)
  assert.ok(all.every((byte, at) => byte === (at & 255)))
})

test('what nobody reads any more is granted at once, so that its command goes on to its end', () => {
  let granted = 0
  const output = new ChannelOutput((bytes) => {
    granted += bytes
  })
  output.receive(Buffer.alloc(outputWindow))
  output.destroy()
  assert.equal(granted, outputWindow)
})
