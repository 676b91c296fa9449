import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { after, test } from 'node:test'
import { makeTestSpec, startTestVm } from '../../testing/test-vm.ts'
import { wakeConformance } from '../../testing/wake-conformance.ts'
import { sshGuests } from '../guests.ts'
import { encodeWakeFrame, wakeTypes } from './wake-frames.ts'

// One real VM for all of them.
const timeoutMs = 120_000
const guests = sshGuests()
const { spec, keys } = await makeTestSpec()
const vm = await startTestVm(spec)
after(async () => {
  await vm.kill()
  vm.release()
  await rm(spec.folder, { recursive: true })
})

wakeConformance(async () => ({ guests, vm, keys, timeoutMs }))

test('a wake is understood after half a message of somebody who is gone', async () => {
  const whole = encodeWakeFrame(wakeTypes.wake, Buffer.alloc(2000))
  for (const half of [whole.subarray(0, 3), whole.subarray(0, 50), whole.subarray(0, 1999), Buffer.alloc(40_000, 'rametwk')]) {
    const socket = await vm.ports.wake()
    socket.write(half, () => socket.end())
    await once(socket, 'close')
    await guests.wake(vm, { epoch: randomUUID() })
  }
})

test('new platform keys hold from the next login on, and the old ones open nothing', async () => {
  const fresh = await guests.makeKeys()
  const mixed = { ...fresh, clientPrivate: keys.clientPrivate, clientPublic: keys.clientPublic }
  await guests.wake(vm, { epoch: randomUUID(), keys: fresh })
  for (const stale of [keys, mixed]) {
    const link = guests.link(vm, stale)
    await assert.rejects(link.ready(AbortSignal.timeout(3000)), { name: 'TimeoutError' })
    link.close()
  }
  const link = guests.link(vm, fresh)
  await link.ready(AbortSignal.timeout(timeoutMs))
  assert.equal((await link.run('echo in')).stdout, 'in\n')
  link.close()
  await guests.wake(vm, { epoch: randomUUID(), keys })
})
