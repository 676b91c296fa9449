import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeMinutes, endingNotice, endOf, goDuration, neverMs } from './lifetime.ts'

test('durations are written as Go prints them', () => {
  assert.deepEqual([1, 60, 90, 480].map(goDuration), ['1m0s', '1h0m0s', '1h30m0s', '8h0m0s'])
  assert.deepEqual([1, 60, 90, 480].map(describeMinutes), ['1m', '1h', '1h30m', '8h'])
})

test('no end is one that labctl can count to and shows as a long while', () => {
  assert.ok(neverMs * 1e6 < 2 ** 63 && neverMs > 37 * 365 * 24 * 3600_000)
  assert.equal(endOf('2026-01-01T00:00:00.000Z', null), null)
})

test('a run warns of its end when that is near, and says afterwards why it is off', () => {
  const endsAt = endOf('2026-01-01T00:00:00.000Z', 60)
  assert.equal(endsAt, '2026-01-01T01:00:00.000Z')
  const on = { minutes: 60, endsAt, atEnd: 'destroy', isOn: true, isOff: false } as const
  assert.equal(endingNotice(on, Date.parse('2026-01-01T00:49:59Z')), undefined)
  assert.match(
    endingNotice(on, Date.parse('2026-01-01T00:50:00Z')) ?? '',
    /^It will be destroyed, with all .* at 2026-01-01 01:00 UTC/,
  )
  const off = { ...on, isOn: false, isOff: true }
  assert.match(endingNotice(off, Date.parse('2026-01-02T00:00:00Z')) ?? '', /^It was stopped .* its time of 1h was over/)
  assert.equal(endingNotice({ ...on, isOn: false }, Date.now()), undefined, 'it is on its way down')
  const short = { ...on, minutes: 5, endsAt: endOf('2026-01-01T00:00:00.000Z', 5) }
  assert.equal(endingNotice(short, Date.parse('2026-01-01T00:03:00Z')), undefined, 'a short one warns in its last minute')
})
