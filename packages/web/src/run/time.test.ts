import assert from 'node:assert/strict'
import test from 'node:test'
import { formatAgo, formatDuration } from './time.ts'

const now = Date.parse('2026-06-15T12:00:00Z')
const before = (seconds: number) => formatAgo(now - seconds * 1000, now)

test('times are told from now backwards, old ones as dates', () => {
  assert.deepEqual([0, 9, 45, 61, 3599, 2 * 3600, 86_400, 20 * 86_400, 90 * 86_400].map(before), [
    'just now',
    'just now',
    '45 seconds ago',
    '1 minute ago',
    '59 minutes ago',
    '2 hours ago',
    'yesterday',
    '2 weeks ago',
    '2026-03-17',
  ])
})

test('a server whose clock is ahead does not make runs of the future', () => assert.equal(before(-300), 'just now'))

test('durations keep two units at most', () => {
  assert.deepEqual([840, 12_900, 200_000, 7_500_000].map(formatDuration), ['0.8 s', '12 s', '3 min 20 s', '2 h 5 min'])
})
