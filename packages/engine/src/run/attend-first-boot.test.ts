import assert from 'node:assert/strict'
import { once } from 'node:events'
import { duplexPair } from 'node:stream'
import { test } from 'node:test'
import { oneMachinePlan } from '../testing/one-machine-plan.ts'
import type { Vm } from '../vmm/vmm.ts'
import { attendFirstBoot } from './attend-first-boot.ts'
import type { RunStore } from './run-store.ts'

const boot = '11111111-1111-4111-8111-111111111111'

test('a guest that waits for the answer of a server that ended hears it from the next one, which has noted all', {
  timeout: 10_000,
}, async () => {
  const [guest, host] = duplexPair()
  const vm = { ports: { wake: async () => host }, onReset: () => () => {} } as unknown as Vm
  const drive = { machine: 'one', index: 0, setUp: 'done', grownBytes: 1, sizeBytes: 1 }
  const store = { read: async () => ({ plan: oneMachinePlan([]), drives: [drive] }) } as unknown as RunStore
  const ready = Promise.withResolvers<void>()
  attendFirstBoot(vm, store, 'one', { ready: () => ready.promise })
  guest.write(`done ${boot}\n`)
  const [bytes] = (await once(guest, 'data')) as [Buffer]
  assert.equal(bytes.toString(), `noted ${boot}\n`)
  guest.resume()
  ready.resolve()
  await once(guest, 'end')
})
