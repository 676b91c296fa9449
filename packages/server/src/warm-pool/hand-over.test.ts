import assert from 'node:assert/strict'
import { test } from 'node:test'
import { endless } from '../runs/lifetime.ts'
import { insertRun } from '../runs/new-run.ts'
import { beginAnew, failRunning, followMachinesOff, transition } from '../runs/run.ts'
import { type Db, now, openDatabase } from '../store/database.ts'
import { openInstallation } from '../store/installation.ts'
import { findPlaygroundById, insertPlayground } from '../store/playgrounds.ts'
import { readRun } from '../store/runs.ts'
import { insertSnapshot } from '../store/snapshots.ts'
import { planWithDrives } from '../testing/plan-with-drives.ts'
import { putRun } from '../testing/put-run.ts'
import { type HandOver, handOver } from './hand-over.ts'

const plan = planWithDrives([])
const snapshotId = 's'
const memory = { totalBytes: 1, bytesOf: () => 1 }

/** A spare that has come to `state`, and a start that asks for one. */
async function withSpare(
  state: 'STARTING' | 'RUNNING' | 'STOPPING',
  body: (db: Db, id: string, start: (how?: Partial<HandOver>) => ReturnType<typeof handOver>) => Promise<void>,
): Promise<void> {
  const db = await openDatabase({ file: ':memory:' })
  await openInstallation(db)
  const at = now()
  for (const id of ['platform', 'u']) await db.insertInto('users').values({ id, name: id, created_at: at }).execute()
  const texts = { title: 'Official', description: '', categories: '[]', markdown: null, cover: null, spec: '{}' }
  const times = { created_at: at, updated_at: at, removed_at: null }
  await insertPlayground(db, { ...texts, ...times, id: 'p', name: 'p', owner_id: null, base: 'p' })
  const values = { owner_id: 'platform', playground_id: 'p', playground_name: 'p', playground_title: 'p', plan, memory }
  const made = { ...values, title: 'ready to be used', clonedFrom: null, start: true, purpose: 'warm-start' } as const
  const origin = await insertRun(db, made)
  await insertSnapshot(db, { id: snapshotId, kind: 'stop', runId: origin, at, stamp: '{}', bytes: 0, machines: [] })
  await putRun(db, origin, { wanted: 'DESTROYED', state: 'DESTROYED' })
  const id = await insertRun(db, { ...made, resumes: { snapshotId, isBorrowed: true, machines: [] } })
  await putRun(db, id, { state })
  if (state === 'RUNNING') {
    const conditions = JSON.stringify([{ name: 'Ready', status: 'True', lastTransitionAt: at }])
    await db.updateTable('run_machines').set({ state, conditions }).where('run_id', '=', id).execute()
  }
  const playground = await findPlaygroundById(db, 'p')
  assert.ok(playground)
  await body(db, id, (how) =>
    handOver(db, {
      playground,
      snapshotId,
      plan,
      ownerId: 'u',
      title: undefined,
      memory,
      lifetime: endless,
      key: undefined,
      ...how,
    }),
  )
  await db.destroy()
}

test('a start is handed the spare that is on its way, as if it had been made now', () =>
  withSpare('STARTING', async (db, id, start) => {
    assert.deepEqual(await start(), { id, isReady: false })
    const { purpose, owner_id, title, state } = await readRun(db, id)
    assert.deepEqual([purpose, owner_id, title, state], ['user', 'u', `Run ${id}`, 'STARTING'])
    assert.deepEqual(
      (await db.selectFrom('state_events').select('state').where('run_id', '=', id).orderBy('seq').execute()).map(
        (event) => event.state,
      ),
      ['CREATED', 'STARTING'],
    )
    assert.equal(await start(), undefined, 'it is handed over once')
  }))

test('a spare of another snapshot or plan, or one that is to go, is handed to nobody', async () => {
  await withSpare('STARTING', async (_, __, start) => {
    assert.equal(await start({ snapshotId: 'newer' }), undefined)
    assert.equal(await start({ plan: { ...plan, rerunInit: 'x' } }), undefined)
  })
  await withSpare('STOPPING', async (_, __, start) => assert.equal(await start(), undefined))
})

test('a spare that does not fit beside what was promised is refused', () =>
  withSpare('STARTING', (_, __, start) =>
    assert.rejects(start({ memory: { totalBytes: 1, bytesOf: () => 2 } }), { code: 'not_enough_memory' }),
  ))

test('one that is dead begins anew from its image, also when its end was seen already, and is not failed by what was seen before', () =>
  withSpare('RUNNING', async (db, id, start) => {
    assert.equal(await beginAnew(db, id, 'No.'), false, 'nobody has it')
    assert.deepEqual(await start(), { id, isReady: true })
    await failRunning(db, id, { code: 'machine_ended', message: 'It ended.' })
    assert.equal(await beginAnew(db, id, 'It did not answer.'), true)
    await failRunning(db, id, { code: 'machine_ended', message: 'It ended.' })
    await followMachinesOff(db, id)
    const { wanted, state, failure, memory: has, cold_reason } = await readRun(db, id)
    assert.deepEqual([wanted, state, failure, has.kind], ['RUNNING', 'STARTING', undefined, 'borrowed-drives'])
    assert.equal(cold_reason, 'It did not answer.')
  }))

test('one that its owner wants off meanwhile does not begin anew', () =>
  withSpare('RUNNING', async (db, id, start) => {
    await start()
    await transition(db, id, { action: 'stop' })
    assert.equal(await beginAnew(db, id, 'It did not answer.'), false)
  }))
