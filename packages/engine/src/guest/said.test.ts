import assert from 'node:assert/strict'
import { test } from 'node:test'
import { saidNumber, saidReason, saidUuid } from './said.ts'

test('a number of a guest is whole and within bounds, or none', () => {
  assert.deepEqual([saidNumber('0', 255), saidNumber('255', 255)], [0, 255])
  for (const text of ['256', '9'.repeat(400), '-1', '1e3', '0x10', '', ' 1', '1\n', 'Infinity', undefined])
    assert.equal(saidNumber(text, 255), undefined, text)
})

test('a boot id of a guest is a UUID, or none', () => {
  const uuid = '01234567-89ab-cdef-0123-456789abcdef'
  assert.equal(saidUuid(uuid), uuid)
  for (const text of ['-', '', `${uuid}\n`, uuid.toUpperCase(), '../../etc', undefined])
    assert.equal(saidUuid(text), undefined, text)
})

test('a reason of a guest is short and cannot steer', () => {
  assert.equal(saidReason('\x1b[2Jno\n'), '^[[2Jno')
  assert.equal(saidReason('x'.repeat(1e6)).length, 200)
})
