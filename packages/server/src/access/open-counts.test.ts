import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultLimits } from '@ramet/model/access/limits.ts'
import { OpenCounts } from './open-counts.ts'

test('a user has as many as the limit at a time, whatever others have, and a place is freed once', () => {
  const counts = new OpenCounts({ ...defaultLimits, sockets: 2 })
  const [ann, bob] = [{ id: 'a' }, { id: 'b' }]
  const first = counts.take(ann, 'sockets')
  counts.take(ann, 'sockets')
  counts.take(bob, 'sockets')
  assert.throws(() => counts.take(ann, 'sockets'), { code: 'too_many_sockets', status: 429 })
  counts.take(ann, 'event-streams')
  first[Symbol.dispose]()
  first[Symbol.dispose]()
  counts.take(ann, 'sockets')
  assert.throws(() => counts.take(ann, 'sockets'), { code: 'too_many_sockets' })
})
