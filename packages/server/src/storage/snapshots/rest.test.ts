import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { chmod, copyFile, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { snapshotFolder, whyUnusable } from '@ramet/engine/testing'
import { Activity } from '../../background/activity.ts'
import { now } from '../../store/database.ts'
import { findSnapshot } from '../../store/snapshots.ts'
import { putRun } from '../../testing/put-run.ts'
import { stoppedWithMemory } from '../../testing/stopped-with-memory.ts'
import { TestHome } from '../../testing/test-home.ts'
import { Rest } from './rest.ts'
import { doJob, nextJob } from './resting-memory.ts'
import { snapshotRecord } from './snapshot-record.ts'
import { swapRam } from './swap-ram.ts'

const dayMs = 24 * 3_600_000
const never = new AbortController().signal
const none = () => false
const fileNames = async ({ home }: TestHome) => (await readdir(snapshotFolder(home, 's'))).toSorted()
const ram = async ({ db }: TestHome) => (await findSnapshot(db, 's'))?.machines[0]
const inOrder = async (home: TestHome) => assert.deepEqual(await home.fsck({ allMemory: true }), [])

/** Taken two days ago, with its digest. */
async function rested(home: TestHome): Promise<string> {
  const runId = await stoppedWithMemory(home)
  const path = join(snapshotFolder(home.home, 's'), '0.ram')
  const long = new Date(Date.now() - 2 * dayMs)
  await utimes(path, long, long)
  const job = await nextJob(home.tools, dayMs, none)
  assert.ok(job && 'kind' in job && job.kind === 'digest')
  await doJob(home.tools, job, never)
  return runId
}

async function packJob(home: TestHome) {
  const job = await nextJob(home.tools, dayMs, none)
  assert.ok(job && 'kind' in job && job.kind === 'pack', JSON.stringify(job))
  return job
}

test('memory gets its digest first, and is compressed when it has not been used for so long', async () => {
  await using home = await TestHome.make()
  await rested(home)
  assert.equal((await ram(home))?.ram_digest, createHash('sha256').update('x'.repeat(100)).digest('hex'))
  const waits = await nextJob(home.tools, 3 * dayMs, none)
  assert.ok(waits && 'inMs' in waits && waits.inMs > 0.9 * dayMs && waits.inMs <= dayMs)
  assert.equal(await nextJob(home.tools, undefined, none), undefined, 'never')
  const before = (await findSnapshot(home.db, 's'))?.bytes ?? 0
  await doJob(home.tools, await packJob(home), never)
  assert.deepEqual(await fileNames(home), ['0.ram.zst', '0.state'])
  const packed = await ram(home)
  const { size } = await stat(join(snapshotFolder(home.home, 's'), '0.ram.zst'))
  assert.deepEqual([packed?.ram_form, packed?.ram_file_bytes, packed?.ram_bytes], ['zstd', size, 100])
  assert.ok(((await findSnapshot(home.db, 's'))?.bytes ?? 0) <= before)
  assert.equal(await nextJob(home.tools, dayMs, none), undefined)
  await inOrder(home)
})

test('memory that a machine has mapped, that is about to be resumed or keeps a playground warm is left as it is', async () => {
  await using home = await TestHome.make()
  const runId = await rested(home)
  await putRun(home.db, runId, { wanted: 'RUNNING' })
  assert.equal(await nextJob(home.tools, dayMs, none), undefined)
  await putRun(home.db, runId, { wanted: 'STOPPED' })
  await home.db.updateTable('runs').set({ maps_snapshot: 's' }).where('id', '=', runId).execute()
  assert.equal(await nextJob(home.tools, dayMs, none), undefined)
  await home.db.updateTable('runs').set({ maps_snapshot: null }).where('id', '=', runId).execute()
  const warm = { playground_id: 'p', shape: 'x', snapshot_id: 's', created_at: now() }
  await home.db.insertInto('warm_starts').values(warm).execute()
  assert.equal(await nextJob(home.tools, dayMs, none), undefined)
})

test('a run that is wanted on while its memory is compressed has it plain', async () => {
  await using home = await TestHome.make()
  const runId = await rested(home)
  const job = await packJob(home)
  await putRun(home.db, runId, { wanted: 'RUNNING' })
  await doJob(home.tools, job, never)
  assert.deepEqual(await fileNames(home), ['0.ram', '0.state'])
  assert.equal((await ram(home))?.ram_form, 'plain')
  await inOrder(home)
})

test('memory that is no longer what it was is neither compressed nor resumed, and fsck tells of it when it reads all', async () => {
  await using home = await TestHome.make()
  await rested(home)
  const job = await packJob(home)
  await writeFile(join(snapshotFolder(home.home, 's'), '0.ram'), 'y'.repeat(100))
  await assert.rejects(doJob(home.tools, job, never), /memory of m .* is not what it was/)
  assert.deepEqual(await fileNames(home), ['0.ram', '0.state'])
  const record = await snapshotRecord(home.db, 's')
  assert.match((await whyUnusable(home.home, record, record.stamp)) ?? '', /^the memory of m is damaged/)
  assert.equal(await nextJob(home.tools, dayMs, none), undefined)
  assert.deepEqual(await home.fsck(), [])
  const found = await home.fsck({ allMemory: true })
  assert.deepEqual(
    found.map(({ code }) => code),
    ['snapshot_memory_damaged'],
  )
})

for (const [step, left] of [
  ['rest/pack', '0.ram'],
  ['rest/swap', '0.ram.zst'],
] as const) {
  test(`a server killed after ${step} leaves ${left} alone once the next one has reclaimed`, async () => {
    await using home = await TestHome.make()
    await rested(home)
    home.crashAfter = step
    await assert.rejects(doJob(home.tools, await packJob(home), never), /crash/)
    await home.reclaim()
    assert.deepEqual(await fileNames(home), [left, '0.state'])
    await inOrder(home)
  })
}

test('of two who unpack the same memory one is too late, and its file goes', async () => {
  await using home = await TestHome.make()
  await rested(home)
  const from = 'snapshots/s/0.ram'
  await chmod(join(home.home, from), 0o640)
  const packed = await home.tools.storage.packRam(from)
  const swap = { snapshotId: 's', machine: 'm', from, to: packed }
  assert.equal(await swapRam(home.tools, swap), 'swapped')
  const late = { ...packed, file: `${packed.file}.late` }
  await copyFile(join(home.home, packed.file), join(home.home, late.file))
  assert.equal(await swapRam(home.tools, { ...swap, to: late }), 'dropped')
  assert.deepEqual(await fileNames(home), ['0.ram.zst', '0.state'])
  await inOrder(home)
})

test('in the background it does what is due, however often it is woken, and ends when the server does', async () => {
  await using home = await TestHome.make()
  await stoppedWithMemory(home)
  const errors: unknown[] = []
  const rest = new Rest(home.tools, {
    activity: new Activity({ quietMs: 0, afterwardsMs: 0 }),
    packAfterMs: 100,
    onError: (error) => errors.push(error),
  })
  const deadline = Date.now() + 60_000
  while ((await ram(home))?.ram_form !== 'zstd' && Date.now() < deadline) {
    rest.trigger()
    await delay(20)
  }
  await rest.close()
  assert.deepEqual(errors, [])
  assert.deepEqual(await fileNames(home), ['0.ram.zst', '0.state'])
  await inOrder(home)
})
