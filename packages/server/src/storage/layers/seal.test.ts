import assert from 'node:assert/strict'
import { readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import type { HostStorage } from '@ramet/engine'
import { newOverlayName, overlaysFolder, readFakeChain, writeFakeDrive } from '@ramet/engine/testing'
import { announceOverlays } from '../../store/drives.ts'
import { putRun } from '../../testing/put-run.ts'
import { sizeBytes, TestHome } from '../../testing/test-home.ts'
import { sealDrives, sealOverlays, settleOverlays } from './seal.ts'

const steps = ['seal/begin', 'seal/link-overlays', 'seal/swap'] as const

/** A run that is off: drive 0 on a layer and written to (block 1), drive 1 begun empty and untouched, drive 2 on a layer and without an overlay. */
async function stoppedRun(home: TestHome): Promise<string> {
  await home.addLayer('base', null, { 0: 1, 1: 1 })
  const id = await home.addRun('STOPPED', ['base', null, 'base'])
  await home.makeOverlays(id)
  const [written, , bare] = await home.drives(id)
  assert.ok(written && bare)
  const [overlay = ''] = await home.chain(written)
  await writeFakeDrive(overlay, 1, 2)
  await rm((await home.chain(bare))[0] ?? '')
  await home.changeDrive(bare, { overlay: null })
  return id
}

const content = async (home: TestHome, runId: string) =>
  Promise.all(
    (await home.drives(runId)).map(async (drive) => {
      const chain = await home.chain(drive)
      return Promise.all([0, 1].map((block) => readFakeChain(chain, block)))
    }),
  )
const wanted = [
  [1, 2],
  [0, 0],
  [1, 1],
]

async function inOrder(home: TestHome): Promise<void> {
  assert.deepEqual(await home.fsck(), [])
}

test('the overlays of a run that is off become layers, an untouched one is dropped, a drive without one is left as it is', async () => {
  await using home = await TestHome.make()
  const id = await stoppedRun(home)
  const answer = await sealDrives(home.tools, id, async (trx) => {
    const rows = await trx.selectFrom('drives').select('layer_id').where('overlay', 'is', null).execute()
    return rows.length
  })
  assert.equal(answer, 3, 'the rest of the transaction sees all drives sealed')
  const [sealed, dropped, bare] = await home.drives(id)
  assert.equal(sealed?.overlay, null)
  assert.deepEqual([dropped?.layer_id, dropped?.overlay], [null, null])
  assert.deepEqual([bare?.layer_id, bare?.overlay], ['base', null])
  const layer = await home.db
    .selectFrom('layers')
    .selectAll()
    .where('id', '=', sealed?.layer_id ?? '')
    .executeTakeFirstOrThrow()
  const file = await stat(join(home.home, layer.file))
  assert.deepEqual([layer.parent_id, layer.state, layer.bytes], ['base', 'sealed', file.blocks * 512])
  assert.equal(file.nlink, 1)
  assert.deepEqual(await content(home, id), wanted)
  assert.deepEqual(await readdir(overlaysFolder(home.home, id)), [])
  await sealDrives(home.tools, id)
  assert.equal((await home.drives(id))[0]?.layer_id, sealed?.layer_id, 'what is sealed is not sealed again')
  await inOrder(home)
})

for (const step of steps) {
  test(`a server killed after ${step} loses nothing and leaves nothing, and the seal can be done again`, async () => {
    await using home = await TestHome.make()
    const id = await stoppedRun(home)
    home.crashAfter = step
    await assert.rejects(sealDrives(home.tools, id), /crash/)
    home.crashAfter = undefined
    await home.reclaim()
    assert.deepEqual(await content(home, id), wanted)
    await inOrder(home)
    for (const drive of await home.drives(id)) {
      const [overlay = ''] = await home.chain(drive)
      if (drive.overlay !== null) assert.equal((await stat(overlay)).mode & 0o777, 0o600, 'the overlay can be written to again')
    }
    await sealDrives(home.tools, id)
    assert.deepEqual(await content(home, id), wanted)
    assert.ok((await home.drives(id)).every(({ overlay }) => overlay === null))
    await inOrder(home)
  })
}

test('what fails in the transaction leaves everything as it was', async () => {
  await using home = await TestHome.make()
  const id = await stoppedRun(home)
  const before = await home.drives(id)
  const refuse = async () => {
    throw new Error('the name is taken')
  }
  await assert.rejects(sealDrives(home.tools, id, refuse), /the name is taken/)
  assert.deepEqual(await home.drives(id), before)
  assert.deepEqual(await readdir(join(home.home, 'layers')), ['base.qcow2'])
  assert.deepEqual(await content(home, id), wanted)
  await inOrder(home)
})

test('a run that is on, or is switched on meanwhile, is not sealed', async () => {
  await using home = await TestHome.make()
  const id = await stoppedRun(home)
  const { storage } = home.tools
  const meanwhile: HostStorage = {
    ...storage,
    async seal(files) {
      await putRun(home.db, id, { state: 'STARTING', wanted: 'RUNNING' })
      return storage.seal(files)
    },
  }
  await assert.rejects(sealDrives({ ...home.tools, storage: meanwhile }, id), { code: 'run_not_off', status: 409 })
  await assert.rejects(sealDrives(home.tools, id), { code: 'run_not_off' })
  assert.ok((await home.drives(id))[0]?.overlay)
})

test('two that seal at once share the layers', async () => {
  await using home = await TestHome.make()
  const id = await stoppedRun(home)
  const tip = async (trx: typeof home.db) =>
    (await trx.selectFrom('drives').select('layer_id').where('run_id', '=', id).where('drive_index', '=', 0).execute())[0]
  const [one, other] = await Promise.all([sealDrives(home.tools, id, tip), sealDrives(home.tools, id, tip)])
  assert.deepEqual(one, other)
  await inOrder(home)
})

/** A run that is on, and the overlay that QEMU is to be given. */
async function runningRun(home: TestHome) {
  const id = await stoppedRun(home)
  await putRun(home.db, id, { state: 'RUNNING', wanted: 'RUNNING' })
  await home.makeOverlays(id)
  const [drive] = await home.drives(id)
  const overlay = { machine: 'm', driveIndex: 0, overlay: drive?.overlay ?? '', nextOverlay: newOverlayName('m', 0) }
  const make = () => home.disks.makeOverlay(join(overlaysFolder(home.home, id), overlay.nextOverlay), undefined, sizeBytes)
  return { id, overlay, make }
}

test('overlays of running machines are sealed below the ones that were announced', async () => {
  await using home = await TestHome.make()
  const { id, overlay, make } = await runningRun(home)
  await announceOverlays(home.db, id, [overlay])
  await make()
  await writeFakeDrive(join(overlaysFolder(home.home, id), overlay.nextOverlay), 0, 5)
  await sealOverlays(home.tools, id, [overlay])
  const [drive] = await home.drives(id)
  assert.deepEqual([drive?.overlay, drive?.next_overlay], [overlay.nextOverlay, null])
  assert.deepEqual((await content(home, id))[0], [5, 2])
  await assert.rejects(
    sealOverlays(home.tools, id, [overlay]),
    { code: 'drive_changed' },
    'that overlay is not the drive’s any more',
  )
  await inOrder(home)
})

test('nothing comes to stand on a layer that a machine could still write to, new or old; the run itself goes on on it', async () => {
  for (const isIt of [(file: string) => file.endsWith('layers/base.qcow2'), (file: string) => !file.includes('base')]) {
    await using home = await TestHome.make()
    const { id, overlay, make } = await runningRun(home)
    await announceOverlays(home.db, id, [overlay])
    await make()
    home.isStillWritten = isIt
    let isCloned = false
    const clone = async () => {
      isCloned = true
    }
    await assert.rejects(sealOverlays(home.tools, id, [overlay], clone), { code: 'drive_still_written', status: 409 })
    assert.equal(isCloned, false)
    await sealOverlays(home.tools, id, [overlay])
    assert.deepEqual((await content(home, id))[0], [1, 2])
    await inOrder(home)
  }
})

test('a VM that wrote to an announced overlay before its server was killed loses nothing of it', async () => {
  for (const isMade of [true, false]) {
    await using home = await TestHome.make()
    const { id, overlay, make } = await runningRun(home)
    await announceOverlays(home.db, id, [overlay])
    if (isMade) {
      await make()
      await writeFakeDrive(join(overlaysFolder(home.home, id), overlay.nextOverlay), 0, 5)
    }
    await home.reclaim()
    await putRun(home.db, id, { state: 'FAILED', wanted: 'STOPPED' })
    await home.reclaim()
    await settleOverlays(home.tools, id)
    assert.deepEqual((await content(home, id))[0], isMade ? [5, 2] : [1, 2])
    await inOrder(home)
  }
})
