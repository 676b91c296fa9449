import assert from 'node:assert/strict'
import test from 'node:test'
import { boundedWrites } from './bounded-writes.ts'

test('output is held back only beyond the high water mark, and let go when it is parsed', async () => {
  const parsed: (() => void)[] = []
  const write = boundedWrites((_, done) => parsed.push(done), 100)
  await write(new Uint8Array(60))
  let isHeld = true
  const held = write(new Uint8Array(60)).then(() => {
    isHeld = false
  })
  await Promise.resolve()
  assert.equal(isHeld, true)
  parsed.shift()?.()
  await held
  assert.equal(isHeld, false)
})
