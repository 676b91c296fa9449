import assert from 'node:assert/strict'
import { test } from 'node:test'
import { matchesWithin } from './matches-within.ts'

test('a text matches a pattern or not, and a pattern that is none matches nothing', () => {
  const matches = matchesWithin(60_000)
  assert.deepEqual([matches('^v1\\.\\d+$', 'v1.30'), matches('^a$', 'b'), matches('(', '(')], [true, false, false])
})

test('patterns that search for ever are given up soon, all together', () => {
  const matches = matchesWithin()
  const began = performance.now()
  for (let at = 0; at < 50; at += 1) assert.equal(matches('^(a+)+$', `${'a'.repeat(40)}!`), false)
  assert.ok(performance.now() - began < 3000)
})
