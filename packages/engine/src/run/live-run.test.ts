import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { GuestLink, Guests } from '../guest/guest.ts'
import type { Vm, VmEnd } from '../vmm/vmm.ts'
import { LiveRun } from './live-run.ts'

test('a machine that ends while it is woken is not waited for', { timeout: 10_000 }, async () => {
  const ended = Promise.withResolvers<VmEnd>()
  const vm = { pid: 1, ended: ended.promise, onReset: () => () => {}, onSpace() {} } as unknown as Vm
  const guests = {
    link: () => ({ onChange: () => () => {}, close() {} }) as unknown as GuestLink,
    async wake(_, { signal }) {
      assert.ok(signal)
      await once(signal, 'abort')
      throw signal.reason
    },
  } as Pick<Guests, 'link' | 'wake'> as Guests
  const machine = new LiveRun(guests, { added() {}, standsStill: () => false }).add('one', vm, { isAsleep: true })
  const waking = machine.wake({ epoch: 'an epoch' })
  ended.resolve('killed')
  await assert.rejects(waking, {
    code: 'machine_unreachable',
    message: /one cannot be reached: it was ended before it was awake/,
  })
  assert.equal(machine.isAwake, false)
})
