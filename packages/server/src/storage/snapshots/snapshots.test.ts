import assert from 'node:assert/strict'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { snapshotFolder, snapshotsFolder } from '@ramet/engine/testing'
import { consumeMemory } from '../../runs/run.ts'
import { now } from '../../store/database.ts'
import { findSnapshot, listNotDurable, unheldSnapshots } from '../../store/snapshots.ts'
import { putRun } from '../../testing/put-run.ts'
import { stoppedWithMemory } from '../../testing/stopped-with-memory.ts'
import { TestHome } from '../../testing/test-home.ts'
import { collectLayers } from '../layers/collect.ts'
import { collectSnapshots } from './collect.ts'
import { Durability, type DurabilityOptions } from './durability.ts'
import { forgetLostSnapshots } from './forget-lost.ts'

const folders = (home: TestHome) => readdir(snapshotsFolder(home.home))
const inOrder = async (home: TestHome) => assert.deepEqual(await home.fsck(), [])

test('a snapshot has the layers that its run’s drives stand on, and holds them', async () => {
  await using home = await TestHome.make()
  const runId = await stoppedWithMemory(home)
  const drives = await home.db.selectFrom('snapshot_drives').select(['drive_index', 'layer_id']).execute()
  assert.deepEqual(
    drives.map(({ drive_index, layer_id }) => [drive_index, layer_id]),
    [[0, 'base']],
    'a drive that was empty has no row',
  )
  assert.deepEqual(
    (await findSnapshot(home.db, 's'))?.machines.map(({ ram_form, ram_file_bytes, ram_digest }) => [
      ram_form,
      ram_file_bytes,
      ram_digest,
    ]),
    [['plain', 100, null]],
  )
  await inOrder(home)
  await home.db.deleteFrom('drives').where('run_id', '=', runId).execute()
  await collectLayers(home.tools)
  assert.equal((await home.db.selectFrom('layers').select('id').execute()).length, 1)
})

test('it lives while a run may resume it or has it mapped, and goes with its folder when neither does', async () => {
  await using home = await TestHome.make()
  const runId = await stoppedWithMemory(home)
  await collectSnapshots(home.tools)
  await consumeMemory(home.db, runId, 's', 'e', 'r')
  await putRun(home.db, runId, { state: 'RUNNING', wanted: 'RUNNING' })
  await collectSnapshots(home.tools)
  assert.deepEqual(await folders(home), ['s'])
  await inOrder(home)
  await putRun(home.db, runId, { state: 'STOPPED', wanted: 'STOPPED' })
  await collectSnapshots(home.tools)
  assert.deepEqual(await folders(home), [])
  assert.equal(await findSnapshot(home.db, 's'), undefined)
  await inOrder(home)
})

test('a playground that is kept warm holds its snapshot', async () => {
  await using home = await TestHome.make()
  const runId = await stoppedWithMemory(home)
  await home.db
    .insertInto('warm_starts')
    .values({ playground_id: 'p', shape: 'x', snapshot_id: 's', created_at: now() })
    .execute()
  await home.db.updateTable('runs').set({ resume_from: null }).where('id', '=', runId).execute()
  assert.deepEqual(await unheldSnapshots(home.db), [])
  await home.db.deleteFrom('warm_starts').execute()
  assert.deepEqual(await unheldSnapshots(home.db), ['s'])
})

test('a run resumes a snapshot once, and only the one that it was to', async () => {
  await using home = await TestHome.make()
  const runId = await stoppedWithMemory(home)
  await assert.rejects(consumeMemory(home.db, runId, 'other', 'e', 'r'), { code: 'snapshot_consumed' })
  await consumeMemory(home.db, runId, 's', 'e', 'r')
  await assert.rejects(consumeMemory(home.db, runId, 's', 'e', 'r'), { code: 'snapshot_consumed' })
})

test('a server killed while it removes a snapshot leaves a folder that the next one removes', async () => {
  await using home = await TestHome.make()
  const runId = await stoppedWithMemory(home)
  await home.db.updateTable('runs').set({ resume_from: null }).where('id', '=', runId).execute()
  home.crashAfter = 'collect/forget-snapshots'
  await assert.rejects(collectSnapshots(home.tools), /crash/)
  assert.deepEqual(await folders(home), ['s'])
  await home.reclaim()
  assert.deepEqual(await folders(home), [])
})

test('snapshots in the making and files that no row accounts for are reclaimed, others are left alone', async () => {
  await using home = await TestHome.make()
  await stoppedWithMemory(home)
  await mkdir(join(snapshotsFolder(home.home), 'a.tmp'))
  await mkdir(join(snapshotsFolder(home.home), 'no-row'))
  await writeFile(join(snapshotsFolder(home.home), 's', '0.ram.zst.tmp'), '')
  await home.reclaim()
  assert.deepEqual(await folders(home), ['s'])
  assert.deepEqual((await readdir(snapshotFolder(home.home, 's'))).toSorted(), ['0.ram', '0.state'])
  await inOrder(home)
})

const durabilityOf = (home: TestHome, options: Partial<DurabilityOptions> = {}) =>
  new Durability(home.tools, {
    quietMs: 60_000,
    people: { over: async () => {} },
    onDurable() {},
    onError(error) {
      throw error
    },
    ...options,
  })
const resumeFrom = async (home: TestHome, runId: string) =>
  (await home.db.selectFrom('runs').select('resume_from').where('id', '=', runId).executeTakeFirstOrThrow()).resume_from

test('memory that was not on the disk is worth nothing after a reboot of the host, and what is kept warm of it neither', async () => {
  await using home = await TestHome.make()
  const runId = await stoppedWithMemory(home, { isDurable: false })
  await home.db
    .insertInto('warm_starts')
    .values({ playground_id: 'p', shape: 'x', snapshot_id: 's', created_at: now() })
    .execute()
  await forgetLostSnapshots(home.db)
  assert.equal(await resumeFrom(home, runId), null)
  assert.deepEqual(await unheldSnapshots(home.db), ['s'])
})

test('a server that ends brings memory to the disk first, also what a killed one had left', async () => {
  await using home = await TestHome.make()
  const runId = await stoppedWithMemory(home, { isDurable: false })
  const durability = durabilityOf(home)
  durability.trigger()
  await durability.close()
  await forgetLostSnapshots(home.db)
  assert.equal(await resumeFrom(home, runId), 's')
})

test('memory that nobody needs any more is no matter of the disk', async () => {
  await using home = await TestHome.make()
  const runId = await stoppedWithMemory(home, { isDurable: false })
  const durability = durabilityOf(home)
  durability.trigger()
  await home.db.updateTable('runs').set({ resume_from: null }).where('id', '=', runId).execute()
  await collectSnapshots(home.tools)
  await durability.close()
})

test('memory is not written to the disk while somebody needs it, but for a bounded time', async () => {
  await using home = await TestHome.make()
  await stoppedWithMemory(home, { isDurable: false })
  const asked = Promise.withResolvers<void>()
  const gone = Promise.withResolvers<void>()
  const durable = Promise.withResolvers<void>()
  const busy = durabilityOf(home, {
    quietMs: 0,
    people: {
      async over() {
        asked.resolve()
        await gone.promise
      },
    },
    onDurable: () => durable.resolve(),
  })
  busy.trigger()
  await asked.promise
  assert.equal((await listNotDurable(home.db)).length, 1)
  gone.resolve()
  await durable.promise
  assert.equal((await listNotDurable(home.db)).length, 0)
  await busy.close()
})

test('on a host where somebody always does something memory comes to the disk all the same', async () => {
  await using home = await TestHome.make()
  await stoppedWithMemory(home, { isDurable: false })
  const durable = Promise.withResolvers<void>()
  const busy = durabilityOf(home, {
    quietMs: 0,
    yieldsForMs: 1,
    people: { over: (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))) },
    onDurable: () => durable.resolve(),
  })
  busy.trigger()
  await durable.promise
  await busy.close()
})
