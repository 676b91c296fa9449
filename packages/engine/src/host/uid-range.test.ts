import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defaultUids } from '../run/run-uids.ts'
import { isMapped, parseUids } from './uid-range.ts'

test('a range of users is read, and what is none or is that of the host’s own users is refused', () => {
  assert.deepEqual(parseUids(undefined), defaultUids)
  assert.deepEqual(parseUids(''), defaultUids)
  assert.deepEqual(parseUids('70000-70009'), { first: 70_000, count: 10 })
  for (const text of ['7', '70009-70000', '0-70000', 'a-b', '70000-9999999999'])
    assert.throws(() => parseUids(text), /RAMET_UIDS/)
})

test('a container has only the users that are mapped into it', () => {
  assert.equal(isMapped(defaultUids, '         0          0 4294967295\n'), true)
  assert.equal(isMapped(defaultUids, '         0     100000      65536\n'), false)
  assert.equal(isMapped({ first: 60_000, count: 5_536 }, '         0     100000      65536\n'), true)
})
