import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesWithin } from './matches-within.ts'

test('a text matches a pattern or not, and a pattern that is none matches nothing', () => {
  assert.deepEqual(
    [matchesWithin('^v1\\.\\d+$', 'v1.30'), matchesWithin('^a$', 'b'), matchesWithin('(', '(')],
    [true, false, false],
  )
})

test('a pattern that searches for ever is given up soon', () => {
  const began = performance.now()
  assert.equal(matchesWithin('^(a+)+$', `${'a'.repeat(40)}!`), false)
  assert.ok(performance.now() - began < 5000)
})
