import assert from 'node:assert/strict'
import { open, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { realGuests } from '../guest/guests.ts'
import { makeTestSpec, startTestVm } from '../testing/test-vm.ts'
import type { Vm, VmSpec } from '../vmm/vmm.ts'
import { cut } from './take.ts'

const chunkBytes = 1024 * 1024

/** Pages that are not the same in a paused VM's RAM and in the file that was made of it. */
async function differentPages(vm: Vm, { ramMiB }: VmSpec, ramFile: string): Promise<number[]> {
  const ramBytes = ramMiB * 1024 * 1024
  const maps = (await readFile(`/proc/${vm.pid}/maps`, 'utf8')).split('\n').map((line) => {
    const [, from = '0', to = '0'] = /^([0-9a-f]+)-([0-9a-f]+) rw/.exec(line) ?? []
    return [Number.parseInt(from, 16), Number.parseInt(to, 16)] as const
  })
  const [start] = maps.find(([from, to]) => to - from === ramBytes) ?? []
  assert.ok(start !== undefined, 'the mapping of its RAM')
  const [memory, file] = await Promise.all([open(`/proc/${vm.pid}/mem`, 'r'), open(ramFile, 'r')])
  const different: number[] = []
  try {
    for (let at = 0; at < ramBytes; at += chunkBytes) {
      const [mine, kept] = [Buffer.alloc(chunkBytes), Buffer.alloc(chunkBytes)]
      await Promise.all([memory.read(mine, 0, chunkBytes, start + at), file.read(kept, 0, chunkBytes, at)])
      if (mine.equals(kept)) continue
      for (let page = 0; page < chunkBytes; page += 4096)
        if (mine.compare(kept, page, page + 4096, page, page + 4096) !== 0) different.push((at + page) / 4096)
    }
  } finally {
    await Promise.all([memory.close(), file.close()])
  }
  return different
}

test('the files of a snapshot of two machines hold every page as it was when they were paused, of an idle guest and of a busy one', async () => {
  const guests = realGuests()
  const machines = await Promise.all(
    ['idle', 'busy'].map(async (name) => {
      return { name, spec: { ...(await makeTestSpec()), cpuCount: 2 } }
    }),
  )
  const running: Vm[] = []
  try {
    const vms = await Promise.all(
      machines.map(async ({ name, spec }) => {
        const vm = await startTestVm(spec)
        running.push(vm)
        const link = guests.link(vm)
        await link.ready(AbortSignal.timeout(120_000))
        if (name === 'busy')
          await link.run(
            '(setsid sh -c "while :; do head -c 60M /dev/urandom > /dev/shm/x; done" > /dev/null 2>&1 < /dev/null &)',
          )
        link.close()
        const memory = { ramFile: join(spec.folder, 'ram'), stateFile: join(spec.folder, 'state') }
        return { name, vm, spec, memory, overlays: [] }
      }),
    )
    for (let round = 0; round < 4; round++) {
      await cut(vms, { afterwards: 'stay-paused' })
      for (const { name, vm, spec, memory } of vms) {
        assert.deepEqual(await differentPages(vm, spec, memory.ramFile), [], `pages of the ${name} one, round ${round}`)
        await rm(memory.ramFile)
        await rm(memory.stateFile)
        await vm.goOn()
      }
    }
  } finally {
    await Promise.all(running.map((vm) => vm.kill()))
    for (const { spec } of machines) await rm(spec.folder, { recursive: true, force: true })
  }
})
