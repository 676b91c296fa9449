import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Vm } from '../../vmm/vmm.ts'
import { wakeConformance } from '../wake-conformance.ts'
import { fakeGuests } from './fake-guests.ts'
import { fakeVmm } from './fake-vmm.ts'
import { PretendWake } from './pretend-wake.ts'

const folder = await mkdtemp(join(tmpdir(), 'ramet-fake-'))
const spec = {
  ...{ runId: 'run', machine: 'one', folder, cpuCount: 1, ramMiB: 64, kernel: '', initrd: '', commandLine: [], interfaces: [] },
  drives: [],
}
let vm: Vm | undefined
after(async () => {
  await vm?.kill()
  vm?.release()
  await rm(folder, { recursive: true })
})

wakeConformance(async () => {
  vm ??= await fakeVmm.start(spec)
  return { guests: fakeGuests, vm, timeoutMs: 20_000 }
})

test('pretend guests of one memory draw the same numbers until they are woken', async () => {
  const draw = async (wake: boolean) => {
    assert.ok(vm)
    if (wake) await fakeGuests.wake(vm, { epoch: randomUUID() })
    const link = fakeGuests.link(vm)
    await link.ready(AbortSignal.timeout(20_000))
    const { stdout } = await link.run('cat /proc/sys/kernel/random/uuid')
    link.close()
    return stdout
  }
  assert.notEqual(await draw(true), await draw(true))
  const memory = randomUUID()
  assert.deepEqual(new PretendWake(memory).random(), new PretendWake(memory).random())
})
