import assert from 'node:assert/strict'
import test from 'node:test'
import type { Play } from '@ramet/model/api/wire.ts'
import { isOlder, withPlay } from './merge.ts'

const play = (id: string, state = 'RUNNING', updatedAt = '2026-01-01T00:00:00Z') => ({ id, state, updatedAt }) as Play
const ids = (plays: readonly Play[]) => plays.map(({ id, state }) => `${id} ${state}`)

test('a changed run keeps its place, a new one comes first, a destroyed one goes', () => {
  const plays = [play('a'), play('b')]
  assert.deepEqual(ids(withPlay(plays, play('b', 'STOPPED'))), ['a RUNNING', 'b STOPPED'])
  assert.deepEqual(ids(withPlay(plays, play('c'))), ['c RUNNING', 'a RUNNING', 'b RUNNING'])
  assert.deepEqual(ids(withPlay(plays, play('a', 'DESTROYED'))), ['b RUNNING'])
})

test('times are compared as times, not as text', () => {
  assert.equal(isOlder(play('a', 'RUNNING', '2026-01-01T00:00:00Z'), play('a', 'RUNNING', '2026-01-01T00:00:00.500Z')), true)
  assert.equal(isOlder(play('a'), play('a')), false)
})
