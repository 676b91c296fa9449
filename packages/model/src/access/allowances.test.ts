import assert from 'node:assert/strict'
import { test } from 'node:test'
import { allowanceNames, changedAllowances, checkAllowance, effectiveAllowances } from './allowances.ts'

test('one’s own wins; else the most generous of the groups; what nobody set bounds nothing', () => {
  const groups = [{ running: 2, memory: 100 }, { running: 5 }, {}]
  assert.deepEqual(effectiveAllowances({}, groups), { running: 5, memory: 100 })
  assert.deepEqual(effectiveAllowances({ running: 0 }, groups), { running: 0, memory: 100 })
  assert.deepEqual(effectiveAllowances({}, []), {})
})

test('a change leaves what it does not name, and null takes it away', () => {
  assert.deepEqual(changedAllowances({ running: 2, cpus: 4 }, { running: null, memory: 7 }), { cpus: 4, memory: 7 })
})

for (const name of allowanceNames) {
  test(`beyond ${name} the refusal says how much it would be, how much is allowed, and the way out`, () => {
    checkAllowance({ [name]: 90 }, name, 90)
    checkAllowance({}, name, 1e9)
    assert.throws(
      () => checkAllowance({ [name]: 90 }, name, 150),
      (error: Error & { code: string; hint: string }) => {
        assert.equal(error.code, 'limit_reached')
        assert.match(error.message, name === 'lifetime' ? /2h30m.*1h30m/ : /150.*90/)
        assert.match(error.hint, /\w.*ramet usage/)
        return true
      },
    )
  })
}
