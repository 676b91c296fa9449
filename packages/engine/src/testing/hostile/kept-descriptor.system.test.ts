import assert from 'node:assert/strict'
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { qemuDisks } from '../../disk/qemu-disks.ts'
import { qemuLayers } from '../../disk/qemu-layers.ts'
import { findStillWritten } from '../../disk/still-written.ts'
import { root } from '../../disk/vm-user.ts'
import { hostTool } from '../../vmm/qemu/host-tools.ts'
import { qemuVmm } from '../../vmm/qemu/qemu.ts'
import type { Vm } from '../../vmm/vmm.ts'
import { testUids } from '../test-uids.ts'
import { testCache } from '../test-vm.ts'
import { compile, specIn } from './jailed.ts'

const sizeBytes = 64 * 1024 * 1024
const [disks, layers] = [qemuDisks(root), qemuLayers(root)]
const stillWritten = findStillWritten(() => hostTool(testCache, 'unwritten'))

/** What `keep_writing` of hostile.c counts there. */
async function counted(path: string): Promise<bigint> {
  await using file = await open(path)
  const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 1024 * 1024)
  return bytesRead === 8 ? buffer.readBigUInt64LE() : 0n
}

async function untilCounted(path: string, more: bigint): Promise<void> {
  const deadline = Date.now() + 30_000
  while ((await counted(path)) <= more) {
    if (Date.now() > deadline) assert.fail(`nobody writes to ${path}`)
    await delay(5)
  }
}

test('a layer that its machine keeps writing to is found out at the cut, no VM starts on it, and once that machine has ended nobody can change it', async () => {
  const at = await mkdtemp(join(tmpdir(), 'kept-'))
  const folderOf = (name: string) => join(at, name)
  for (const name of ['drives', 'machine', 'clone-drives', 'clone', 'layers', 'canaries', 'program/bin'])
    await mkdir(folderOf(name), { recursive: true })
  const overlay = join(at, 'drives/drive.qcow2')
  const layer = join(at, 'layers/1.qcow2')
  const qemu = await compile(join(at, 'program/bin/qemu'), join(at, 'canaries'), ['/'], overlay)
  const vmm = qemuVmm({
    qemu,
    uids: testUids,
    cacheFolder: testCache,
    tscKhz: 1,
    accelerator: { known: () => 'tcg', decide: async () => 'tcg' },
  })
  const running: Vm[] = []
  try {
    await disks.makeOverlay(overlay, undefined, sizeBytes)
    const vm = await vmm.start(await specIn(at, folderOf('machine'), overlay))
    running.push(vm)
    const next = join(at, 'drives/next.qcow2')
    await disks.makeOverlay(next, undefined, sizeBytes)
    await vm.addLayer(0, next)
    await layers.seal([{ overlay, layer }])
    await untilCounted(layer, await counted(layer))
    assert.equal(await stillWritten([overlay, layer]), overlay)

    const own = join(at, 'clone-drives/clone.qcow2')
    await disks.makeOverlay(own, undefined, sizeBytes)
    const spec = await specIn(at, folderOf('clone'), own)
    const drives = spec.drives.map((drive) => ({
      ...drive,
      source: { kind: 'qcow2-chain' as const, files: [own, layer] as const },
    }))
    const clone = { ...spec, runId: 'c'.repeat(24), drives }
    await assert.rejects(
      vmm.start(clone).then((vm) => running.push(vm)),
      { code: 'vm_failed', message: /a process can still write to .*layers\/1\.qcow2/ },
    )

    await vm.kill()
    assert.equal(await stillWritten([layer]), undefined)
    const last = await counted(layer)
    // The same program in the clone's place finds nothing to write to.
    const second = await vmm.start(clone)
    running.push(second)
    await second.kill()
    assert.equal(await counted(layer), last)
  } finally {
    for (const each of running) await each.kill()
    await rm(at, { recursive: true, force: true })
  }
})
