import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from './duration.ts'

test('durations are read as Go writes them, and a number alone is seconds', () => {
  assert.deepEqual(
    ['90', '90s', '5m', '1h30m', '250ms', '1.5s'].map(parseDuration),
    [90_000, 90_000, 300_000, 5_400_000, 250, 1500],
  )
  for (const text of ['', 's', '5x', '5m!', '-5m', '5 m'])
    assert.throws(() => parseDuration(text), { code: 'invalid_input' }, text)
})
