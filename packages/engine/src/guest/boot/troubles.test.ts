import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readTroubles, troublesIn } from './troubles.ts'

test('troubles of a boot are sentences, a line each', () => {
  assert.deepEqual(troublesIn('The drive vdb is not there.\n\nAnother.\n'), ['The drive vdb is not there.', 'Another.'])
})

test('what a guest writes there comes out short, printable and bounded', () => {
  const [first = '', ...rest] = troublesIn(`\u001b]0;owned\u0007\u202e${'x'.repeat(1000)}\n`.repeat(100))
  assert.match(first, /^\?\]0;owned\?\?x+$/)
  assert.equal(first.length, 300)
  assert.equal(rest.length, 7)
})

test('a guest without such a file has none', async () => {
  assert.deepEqual(await readTroubles({ tool: async () => ({ code: 1, stdout: '', stderr: 'no such file' }) }), [])
})
