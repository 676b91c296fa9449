import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fakeLayers, type LayerStore, readFakeChain } from '@ramet/engine/testing'
import { Activity } from '../../background/activity.ts'
import { putRun } from '../../testing/put-run.ts'
import { TestHome } from '../../testing/test-home.ts'
import { collectLayers } from './collect.ts'
import { sealDrives } from './seal.ts'
import { shortenOnce } from './shorten.ts'
import { Shortener } from './shortener.ts'

/** A stopped run on six layers; each writes the block of its number, and all the first one. */
async function sixDeep(home: TestHome): Promise<string> {
  for (let index = 0; index < 6; index += 1) {
    await home.addLayer(`l${index}`, index === 0 ? null : `l${index - 1}`, { 0: index + 1, [index + 1]: index + 1 })
  }
  return home.addRun('STOPPED', ['l5'])
}

async function shortenAll(home: TestHome, bound: number): Promise<void> {
  while ((await shortenOnce(home.tools, { bound })) === 'shorter');
}

const depth = async (home: TestHome, runId: string) => {
  const [drive] = await home.drives(runId)
  return drive ? (await home.chain(drive)).length : 0
}
async function inOrder(home: TestHome, runId: string): Promise<void> {
  const [drive] = await home.drives(runId)
  assert.ok(drive)
  const chain = await home.chain(drive)
  assert.deepEqual(await Promise.all([0, 1, 2, 3, 4, 5, 6].map((block) => readFakeChain(chain, block))), [6, 1, 2, 3, 4, 5, 6])
  await collectLayers(home.tools)
  assert.deepEqual(await home.fsck(), [])
}

test('a chain longer than the bound gets shorter, reads as before, and the old layers are gone', async () => {
  await using home = await TestHome.make()
  const id = await sixDeep(home)
  assert.equal(await shortenOnce(home.tools, { bound: 6 }), 'nothing-to-do')
  await shortenAll(home, 3)
  assert.equal(await depth(home, id), 3)
  assert.equal((await readdir(join(home.home, 'layers'))).length, 3)
  await inOrder(home, id)
})

test('what is shared stays shared: all that stood on a merged layer stand on the new one', async () => {
  await using home = await TestHome.make()
  const id = await sixDeep(home)
  const clone = await home.addRun('STOPPED', ['l5', 'l2'])
  await home.addLayer('child', 'l5')
  await home.db
    .insertInto('playground_drives')
    .values({ playground_id: 'p', machine: 'm', drive_index: 0, layer_id: 'child' })
    .execute()
  await shortenAll(home, 1)
  const [drive] = await home.drives(id)
  const [same, lower] = await home.drives(clone)
  assert.equal(same?.layer_id, drive?.layer_id)
  const child = await home.db.selectFrom('layers').select('parent_id').where('id', '=', 'child').executeTakeFirst()
  assert.equal(child?.parent_id, drive?.layer_id)
  assert.deepEqual([await depth(home, id), (await home.chain(lower!)).length], [2, 1])
  await inOrder(home, id)
  await inOrder(home, clone)
})

for (const step of ['shorten/begin', 'shorten/build', 'shorten/swap']) {
  test(`a server killed after ${step} loses nothing and leaves nothing`, async () => {
    await using home = await TestHome.make()
    const id = await sixDeep(home)
    home.crashAfter = step
    await assert.rejects(shortenOnce(home.tools, { bound: 2 }), /crash/)
    home.crashAfter = undefined
    await home.reclaim()
    await inOrder(home, id)
    await shortenAll(home, 2)
    assert.equal(await depth(home, id), 2)
    await inOrder(home, id)
  })
}

test('a run that is switched on while its chain is merged keeps it as it is', async () => {
  const home = await TestHome.make({
    ...fakeLayers,
    async merge(merging) {
      await putRun(home.db, id, { state: 'STARTING', wanted: 'RUNNING' })
      return fakeLayers.merge(merging)
    },
  })
  await using _ = home
  const id = await sixDeep(home)
  assert.equal(await shortenOnce(home.tools, { bound: 2 }), 'in-vain')
  assert.equal(await shortenOnce(home.tools, { bound: 2 }), 'nothing-to-do')
  assert.equal(await depth(home, id), 6)
  assert.equal((await readdir(join(home.home, 'layers'))).length, 6)
  await inOrder(home, id)
})

test('a run that is sealed while its chain is merged stands on what came out', async () => {
  const home = await TestHome.make({
    ...fakeLayers,
    async merge(merging) {
      await home.makeOverlays(id)
      const storage = { ...home.tools.storage, isUntouched: async () => false }
      await sealDrives({ ...home.tools, storage }, id)
      return fakeLayers.merge(merging)
    },
  })
  await using _ = home
  const id = await sixDeep(home)
  await shortenOnce(home.tools, { bound: 1 })
  assert.equal(await depth(home, id), 2)
  await inOrder(home, id)
})

test('a merge in the background ends for a run that starts on its layers, and for no other', async () => {
  const merging = Promise.withResolvers<void>()
  const slow: LayerStore = {
    ...fakeLayers,
    merge: ({ signal }) => {
      merging.resolve()
      return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
    },
  }
  await using home = await TestHome.make(slow)
  const id = await sixDeep(home)
  await home.addLayer('other')
  const other = await home.addRun('STOPPED', ['other'])
  const errors: unknown[] = []
  const shortener = new Shortener(home.tools, {
    activity: new Activity({ quietMs: 0, afterwardsMs: 0 }),
    bound: 2,
    delayMs: 0,
    onError: (error) => errors.push(error),
  })
  shortener.trigger()
  await merging.promise
  await shortener.yieldTo(other)
  const building = () => home.db.selectFrom('layers').select('id').where('state', '=', 'building').execute()
  assert.equal((await building()).length, 1)
  await shortener.yieldTo(id)
  assert.equal((await building()).length, 0)
  await shortener.close()
  assert.deepEqual(errors, [])
  await inOrder(home, id)
})
