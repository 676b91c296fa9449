import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FailedSignIns } from './failed-sign-ins.ts'

const fail = (signIns: FailedSignIns, times: number, name: string, address: string) => {
  for (let count = 0; count < times; count++) signIns.failed(name, address)
}

test('after ten wrong passwords from one address the name is refused there for a quarter of an hour, and elsewhere it is not', () => {
  const clock = { ms: 0 }
  const signIns = new FailedSignIns(() => clock.ms)
  fail(signIns, 9, 'ann', '192.0.2.1')
  signIns.check('ann', '192.0.2.1')
  fail(signIns, 1, 'ann', '192.0.2.1')
  assert.throws(() => signIns.check('ann', '192.0.2.1'), { code: 'too_many_logins' })
  signIns.check('ann', '192.0.2.2')
  signIns.check('bob', '192.0.2.1')
  clock.ms = 15 * 60_000
  signIns.check('ann', '192.0.2.1')
})

test('the right password forgives the wrong ones before it', () => {
  const signIns = new FailedSignIns(() => 0)
  fail(signIns, 9, 'ann', '192.0.2.1')
  signIns.succeeded('ann', '192.0.2.1')
  fail(signIns, 9, 'ann', '192.0.2.1')
  signIns.check('ann', '192.0.2.1')
})

test('addresses of one IPv6 network are one', () => {
  const signIns = new FailedSignIns(() => 0)
  for (let host = 1; host <= 10; host++) signIns.failed('ann', `2001:db8::${host}`)
  assert.throws(() => signIns.check('ann', '2001:db8::ffff'), { code: 'too_many_logins' })
})
