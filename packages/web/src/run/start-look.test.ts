import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startLook } from './start-look.ts'

test('the badge of a resumed run says from when or of whom its memory is', () => {
  const startReason = 'Cloned from Shop, as it was 2026-01-02 03:04 UTC.'
  assert.equal(startLook({ state: 'RUNNING', startKind: 'resumed', startReason })?.badge, startReason.slice(0, -1))
})

test('the badge of a booted run is a word, and its reason is told apart', () => {
  const look = startLook({ state: 'RUNNING', startKind: 'cold', startReason: 'A boot was asked for.' })
  assert.deepEqual(look, { label: 'Booted', reason: 'A boot was asked for.', badge: 'Booted' })
})

test('a run that is off, or was never up, has no badge', () => {
  assert.equal(startLook({ state: 'STOPPED', startKind: 'cold' }), undefined)
  assert.equal(startLook({ state: 'RUNNING' }), undefined)
})
