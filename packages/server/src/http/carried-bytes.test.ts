import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noteCarried } from './carried-bytes.ts'

test('what is left of bytes that went through is collected every two megabytes', (t) => {
  const before = globalThis.gc
  t.after(() => {
    globalThis.gc = before
  })
  const collect = t.mock.fn()
  globalThis.gc = collect as unknown as typeof globalThis.gc
  for (let at = 0; at < 64; at += 1) noteCarried(64 * 1024)
  assert.equal(collect.mock.callCount(), 2)
  assert.deepEqual(collect.mock.calls[0]?.arguments, [{ type: 'minor', execution: 'sync' }])
})

test('a process that may not collect goes on without', (t) => {
  const before = globalThis.gc
  t.after(() => {
    globalThis.gc = before
  })
  globalThis.gc = undefined
  noteCarried(4 * 1024 * 1024)
})
