import assert from 'node:assert/strict'
import { readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { writeFakeDrive } from '@ramet/engine/testing'
import { now } from '../../store/database.ts'
import { setImage } from '../../store/images.ts'
import { TestHome } from '../../testing/test-home.ts'
import { sealDrives } from '../layers/seal.ts'

test('shares of runs, playgrounds, images and snapshots add up to what is on the disk', async () => {
  await using home = await TestHome.make()
  const { db, tools } = home
  await home.addLayer('image')
  await setImage(db, { name: 'debian', layerId: 'image', recipe: 'r' })
  const run = await home.addRun('STOPPED', ['image', null])
  await home.makeOverlays(run)
  for (const drive of await home.drives(run)) await writeFakeDrive((await home.chain(drive))[0] ?? '', 1, 1)
  await sealDrives(tools, run)
  const sealed = (await home.drives(run)).map(({ layer_id }) => layer_id)
  const clone = await home.addRun('STOPPED', sealed)
  await home.makeOverlays(clone)
  await db
    .insertInto('playground_drives')
    .values({ playground_id: 'p', machine: 'm', drive_index: 0, layer_id: sealed[0] ?? '' })
    .execute()
  await writeFile(join(home.home, 'ram'), 'x'.repeat(50_000))
  await writeFile(join(home.home, 'device'), 'x')
  const bytes = async (...path: string[]) => (await stat(join(home.home, ...path))).blocks * 512
  const snapshotBytes = (await bytes('ram')) + (await bytes('device'))
  await db
    .insertInto('snapshots')
    .values({ id: 's', origin_kind: 'run', origin_id: run, at: now(), stamp: '{}', bytes: snapshotBytes })
    .execute()
  await db.updateTable('runs').set({ maps_snapshot: 's' }).where('id', '=', run).execute()
  await db
    .insertInto('snapshot_machines')
    .values({ snapshot_id: 's', machine: 'm', device_state_file: 'device', ram_file: 'ram', ram_bytes: 50_000 })
    .execute()
  await db
    .insertInto('snapshot_drives')
    .values({ snapshot_id: 's', machine: 'm', drive_index: 0, layer_id: sealed[0] ?? '' })
    .execute()

  const layer = (index: number) => bytes('layers', `${sealed[index]}.qcow2`)
  const overlays = await Promise.all(
    (await readdir(join(home.home, 'runs', clone, 'drives'))).map((name) => bytes('runs', clone, 'drives', name)),
  )
  const overlayBytes = overlays.reduce((sum, each) => sum + each, 0)
  const layers = await Promise.all((await readdir(join(home.home, 'layers'))).map((name) => bytes('layers', name)))
  const found = await home.usage()
  const image = await bytes('layers', 'image.qcow2')
  assert.deepEqual(found.runs.get(run), {
    exclusiveBytes: snapshotBytes,
    sharedBytes: image + (await layer(0)) + (await layer(1)),
  })
  assert.deepEqual(found.runs.get(clone), {
    exclusiveBytes: overlayBytes,
    sharedBytes: image + (await layer(0)) + (await layer(1)),
  })
  assert.deepEqual(found.playgrounds.get('p'), { exclusiveBytes: 0, sharedBytes: image + (await layer(0)) })
  assert.deepEqual(found.images.get('debian'), { exclusiveBytes: 0, sharedBytes: image })
  assert.deepEqual(found.total, {
    bytes: layers.reduce((sum, each) => sum + each, 0) + overlayBytes + snapshotBytes,
    layerBytes: layers.reduce((sum, each) => sum + each, 0),
    overlayBytes,
    snapshotBytes,
    exclusiveBytes: snapshotBytes + overlayBytes,
    sharedBytes: image + (await layer(0)) + (await layer(1)),
    unheldBytes: 0,
  })
})
