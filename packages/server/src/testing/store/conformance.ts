import assert from 'node:assert/strict'
import { test } from 'node:test'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import { sql } from 'kysely'
import { insertRun } from '../../runs/new-run.ts'

import { type Db, now, openDatabase, readTransaction, transaction } from '../../store/database.ts'
import { findImage, setImage } from '../../store/images.ts'
import { nextShortId, openInstallation } from '../../store/installation.ts'
import {
  countReferences,
  findLayer,
  insertBuilding,
  layerChain,
  markSealed,
  removeLayer,
  unreferencedLayers,
} from '../../store/layers.ts'
import { countRunsByState, listRunPage, readRunParts } from '../../store/play-lists.ts'
import { findPlayground, insertPlayground, listPlaygrounds } from '../../store/playgrounds.ts'
import { findRun, insertStateEvent } from '../../store/runs.ts'
import { changeTask, insertTasks, listTasks } from '../../store/tasks.ts'
import { openOwner, type User } from '../../store/users.ts'
import { planWithDrives } from '../plan-with-drives.ts'
import type { MakeStore } from './fresh-store.ts'

const handles = 8

/** What every store must do, whatever is behind it. Called once a kind, from that kind's own test file. */
export function storeConformance(kind: string, make: MakeStore): void {
  /** `open` opens one more handle on the same store. */
  const it = (title: string, body: (db: Db, open: () => Promise<Db>) => Promise<void>) =>
    test(`${kind}: ${title}`, async () => {
      await using store = await make()
      await body(await store.open(), () => store.open())
    })

  /** `work` in eight handles at once, `times` times in each. Handles are opened before. */
  async function race<T>(
    open: () => Promise<Db>,
    times: number,
    work: (db: Db) => Promise<T>,
  ): Promise<PromiseSettledResult<T>[]> {
    const racing = await Promise.all(Array.from({ length: handles }, open))
    return Promise.allSettled(racing.flatMap((db) => Array.from({ length: times }, () => work(db))))
  }

  it('what was written is read at once, by this handle and by others', async (db, open) => {
    const other = await open()
    for (const id of ['a', 'b', 'c']) {
      await layer(db, id)
      assert.equal((await findLayer(db, id))?.state, 'sealed')
      assert.equal((await findLayer(other, id))?.state, 'sealed')
    }
    await transaction(db, (trx) => layer(trx, 'd'))
    assert.equal((await findLayer(db, 'd'))?.state, 'sealed')
  })

  it('the installation is one, whoever opens it first', async (_, open) => {
    const made = valuesOf(await race(open, 1, openInstallation))
    assert.equal(new Set(made.map(({ id }) => id)).size, 1)
    assert.match(made[0]?.id ?? '', /^[0-9a-f]{4}$/)
  })

  it('the owner is one, whoever opens it first', async (_, open) => {
    const made = valuesOf(await race(open, 1, openOwner))
    assert.equal(new Set(made.map(({ id }) => id)).size, 1)
  })

  it('a transaction that fails leaves nothing, also when the store refused a statement of it', async (db) => {
    const stopped = transaction(db, async (trx) => {
      await layer(trx, 'a')
      throw new Error('stop')
    })
    await assert.rejects(stopped, /stop/)
    const refused = transaction(db, async (trx) => {
      await layer(trx, 'a')
      await setImage(trx, { name: 'x', layerId: 'none', recipe: 'r' })
    })
    await assert.rejects(refused, /foreign key/i)
    assert.equal(await findLayer(db, 'a'), undefined)
    await layer(db, 'a')
  })

  it('a transaction sees what it wrote, and nobody else does before it ends', async (db, open) => {
    const other = await open()
    await transaction(db, async (trx) => {
      await layer(trx, 'a')
      assert.equal((await findLayer(trx, 'a'))?.id, 'a')
      assert.equal(await findLayer(other, 'a'), undefined)
    })
    assert.equal((await findLayer(other, 'a'))?.id, 'a')
  })

  it('reads that belong together are of one moment, and what is written meanwhile is read outside of them', async (db) => {
    await layer(db, 'a')
    await readTransaction(db, async (trx) => {
      assert.equal((await unreferencedLayers(trx)).length, 1)
      await layer(db, 'b')
      assert.equal((await unreferencedLayers(trx)).length, 1)
      assert.equal((await unreferencedLayers(db)).length, 2)
      await assert.rejects(layer(trx, 'c'), /read-?only/i)
    }).catch((error) => {
      // A refused statement spoils the whole transaction of PostgreSQL; nothing more was to be done in it.
      if (!/failed/.test(String(error))) throw error
    })
  })

  it('sizes and counts are numbers, far above 32 bits', async (db) => {
    const sizeBytes = 2 ** 45 + 1
    await insertBuilding(db, { id: 'big', parentId: null, file: 'layers/big.qcow2', sizeBytes })
    assert.equal((await findLayer(db, 'big'))?.size_bytes, sizeBytes)
    await layer(db, 'child', 'big')
    assert.equal((await countReferences(db, 'big')).children, 1)
  })

  it('what programs print is kept, zero characters and half characters included', async (db) => {
    const { runId } = await world(db)
    await insertTasks(db, runId, ['t'])
    const output = 'zero \0, half \uD83D, whole \u{1F600}, \u001b[31mred'
    await changeTask(db, runId, 't', [taskStatus.created], { status: taskStatus.completed, stdout: output })
    const stored = (await listTasks(db, runId))[0]?.stdout ?? ''
    assert.match(stored, /^zero ., half .+, whole \u{1F600}, \u001b\[31mred$/su)
  })

  it('a chain is listed root first, and only what nothing holds is free to go', async (db) => {
    await layer(db, 'root')
    await layer(db, 'middle', 'root')
    await layer(db, 'tip', 'middle')
    assert.deepEqual(idsOf(await layerChain(db, 'tip')), ['root', 'middle', 'tip'])
    assert.equal((await countReferences(db, 'root')).children, 1)
    await setImage(db, { name: 'debian', layerId: 'tip', recipe: '1' })
    assert.deepEqual(await unreferencedLayers(db), [])
    await setImage(db, { name: 'debian', layerId: 'middle', recipe: '2' })
    assert.equal((await findImage(db, 'debian'))?.layer_id, 'middle')
    assert.deepEqual(idsOf(await unreferencedLayers(db)), ['tip'])
    await removeLayer(db, 'tip')
    await assert.rejects(removeLayer(db, 'root'), /foreign key/i)
    await assert.rejects(markSealed(db, 'root', sealed), { code: 'layer_not_building' })
  })

  it('short ids are handed out once each and none is left out, to eight handles at once', async (db, open) => {
    const times = 10
    const ids = valuesOf(await race(open, times, nextShortId))
    assert.deepEqual(
      ids.toSorted(ascending),
      Array.from({ length: handles * times }, (_, i) => i + 1),
    )
    assert.equal(await nextShortId(db), handles * times + 1)
  })

  it('numbers of events of a run have neither gaps nor doubles, written by eight handles at once', async (db, open) => {
    const { runId } = await world(db)
    const times = 5
    const write = (handle: Db) => transaction(handle, (trx) => insertStateEvent(trx, runId, 'STOPPED', now()))
    valuesOf(await race(open, times, write))
    const events = await db.selectFrom('state_events').select('seq').where('run_id', '=', runId).orderBy('seq').execute()
    // One of them was written when the run was made.
    const expected = Array.from({ length: handles * times + 2 }, (_, i) => i + 1)
    assert.deepEqual(
      events.map(({ seq }) => seq),
      expected,
    )
  })

  it('of eight who want a name at once one gets it, and the others see that it is taken', async (db, open) => {
    const { user } = await world(db)
    const claim = (handle: Db) =>
      transaction(handle, async (trx) => {
        if (await findPlayground(trx, 'wanted')) throw new Error('taken')
        await addPlayground(trx, user, 'wanted')
      })
    const outcomes = await race(open, 2, claim)
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') assert.match(String(outcome.reason), /taken/)
    assert.equal((await listPlaygrounds(db)).filter(({ name }) => name === 'wanted').length, 1)
  })

  it('memory for three runs is promised to three of sixteen that start at once', async (db, open) => {
    const { user, playgroundId } = await world(db)
    const memory = { totalBytes: 3 * 100, bytesOf: () => 100 }
    const start = (handle: Db) =>
      transaction(handle, (trx) => insertRun(trx, { ...requestOf(user, playgroundId), start: true, memory }))
    const outcomes = await race(open, 2, start)
    const started = outcomes.filter(({ status }) => status === 'fulfilled')
    assert.equal(started.length, 3)
    for (const outcome of outcomes) if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'not_enough_memory')
    const runs = await db.selectFrom('runs').select('short_id').where('state', '=', 'CREATED').execute()
    assert.equal(new Set(runs.map(({ short_id }) => short_id)).size, 3)
  })

  it('a decision that another transaction took the ground from is taken again', async (db, open) => {
    const other = await open()
    const { runId } = await world(db)
    const retitle = (handle: Db) =>
      transaction(handle, async (trx) => {
        const row = await findRun(trx, runId)
        await trx
          .updateTable('runs')
          .set({ title: `${row?.title}+` })
          .where('id', '=', runId)
          .execute()
      })
    await Promise.all([db, other].flatMap((handle) => Array.from({ length: 10 }, () => retitle(handle))))
    assert.equal((await findRun(db, runId))?.title, `t${'+'.repeat(20)}`)
  })

  it('two who each read what the other changes have the outcome of one after the other', async (db, open) => {
    const other = await open()
    await layer(db, 'a')
    await layer(db, 'b')
    // Each takes its layer away if the other one is still there: whoever is second must leave his.
    const leaveOne = (handle: Db, mine: string, yours: string) =>
      transaction(handle, async (trx) => {
        if (await findLayer(trx, yours)) await removeLayer(trx, mine)
      })
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([leaveOne(db, 'a', 'b'), leaveOne(other, 'b', 'a')])
      const left = idsOf(await unreferencedLayers(db))
      assert.equal(left.length, 1)
      await layer(db, left[0] === 'a' ? 'b' : 'a')
    }
  })

  it('a write outside of transactions is not lost to one that decides by it', async (db, open) => {
    const other = await open()
    for (let round = 0; round < 10; round += 1) {
      await layer(db, 'a')
      await layer(db, 'b')
      const decide = transaction(db, async (trx) => {
        if (await findLayer(trx, 'b')) await removeLayer(trx, 'a')
      })
      await Promise.all([decide, removeIf(other, 'b', 'a')])
      assert.equal((await unreferencedLayers(db)).length, 1)
      await db.deleteFrom('layers').execute()
    }
  })

  it('a list of runs goes page by page, newest first, also while runs of one moment are on both sides of the edge', async (db) => {
    const { user, playgroundId, runId } = await world(db)
    const ids: string[] = [runId]
    for (let i = 0; i < 9; i += 1) ids.push(await addRun(db, user, playgroundId))
    await db.updateTable('runs').set({ created_at: '2026-01-01T00:00:00.000Z' }).where('id', 'in', ids.slice(3)).execute()
    // Those before were made in one millisecond, perhaps.
    await db
      .updateTable('runs')
      .set({ created_at: '2026-01-03T00:00:00.000Z' })
      .where('id', '=', ids[2] ?? '')
      .execute()
    await db
      .updateTable('runs')
      .set({ created_at: '2026-01-02T00:00:00.000Z' })
      .where('id', '=', ids[1] ?? '')
      .execute()
    await db.updateTable('runs').set({ state: 'DESTROYED' }).where('id', 'in', ids.slice(0, 2)).execute()
    await db.updateTable('runs').set({ last_state_at: '2026-01-01T00:00:00.000Z' }).where('id', '=', runId).execute()
    const page = (limit: number, after?: string) =>
      listRunPage(db, { owners: [user.id], goneSince: '2026-01-02T00:00:00.000Z', limit, after })
    const all = idsOf(await page(100))
    assert.deepEqual(all, [ids[2], ids[1], ...ids.slice(3).toSorted().toReversed()])
    const paged: string[] = []
    for (let found = await page(2); found.length > 0; found = await page(2, paged.at(-1))) paged.push(...idsOf(found))
    assert.deepEqual(paged, all)
    assert.deepEqual(await page(5, 'f'.repeat(24)), [])
    assert.deepEqual(await countRunsByState(db, [user.id]), [{ state: 'STOPPED', count: 8 }])
  })

  it('of each run the latest events are read, and nothing of the output of tasks', async (db) => {
    const { user, playgroundId } = await world(db)
    const ids = [await addRun(db, user, playgroundId), await addRun(db, user, playgroundId)]
    for (const id of ids) {
      for (let i = 0; i < 5; i += 1) await transaction(db, (trx) => insertStateEvent(trx, id, 'STOPPED', now()))
      await insertTasks(db, id, ['b', 'a'])
    }
    const rows = await listRunPage(db, { owners: [user.id], goneSince: now(), limit: 10, after: undefined })
    const { events, tasks } = await readRunParts(
      db,
      rows.filter(({ id }) => ids.includes(id)),
      3,
    )
    for (const id of ids) {
      const own = events.filter(({ run_id }) => run_id === id)
      assert.deepEqual(
        own.map(({ seq }) => seq),
        [5, 6, 7],
      )
    }
    assert.deepEqual(
      tasks.map(({ name }) => name),
      ['b', 'a', 'b', 'a'],
    )
    assert.ok(tasks.every((task) => !('stdout' in task)))
  })

  it('closing waits for the transaction that has begun', async (_, open) => {
    const handle = await open()
    let hasEnded = false
    const work = transaction(handle, async (trx) => {
      await layer(trx, 'late')
      for (let i = 0; i < 50; i += 1) await findLayer(trx, 'late')
      hasEnded = true
    })
    await findLayer(handle, 'x')
    await handle.destroy()
    await work
    assert.ok(hasEnded)
  })

  test(`${kind}: a store of a newer version is refused and left as it is`, async () => {
    await using store = await make()
    const db = await store.open()
    await sql`insert into kysely_migration (name, timestamp) values ('0099-future', '2030-01-01T00:00:00Z')`.execute(db)
    for (const readOnly of [true, false]) {
      await assert.rejects(openDatabase({ ...store.address, readOnly }), (error: Error & { code: string }) => {
        assert.equal(error.code, 'home_too_new')
        assert.match(error.message, /0099-future/)
        assert.match(error.message, /this version knows up to \d{4}-/)
        return true
      })
    }
  })

  test(`${kind}: one that is opened to read alone beside the server writes nothing and sees what is written`, async () => {
    await using store = await make()
    const db = await store.open()
    const reader = await openDatabase({ ...store.address, readOnly: true })
    const { id } = await openInstallation(db)
    assert.equal((await openInstallation(reader)).id, id)
    await assert.rejects(reader.deleteFrom('installation').execute(), /read-?only/i)
    await reader.destroy()
  })
}

const sealed = { bytes: 512, lengthBytes: 512, modifiedAt: '0' }

async function layer(db: Db, id: string, parentId: string | null = null): Promise<void> {
  await insertBuilding(db, { id, parentId, file: `layers/${id}.qcow2`, sizeBytes: 1024 })
  await markSealed(db, id, sealed)
}

/** One statement by itself: takes the layer away if the other one is there. */
async function removeIf(db: Db, mine: string, yours: string): Promise<void> {
  await db
    .deleteFrom('layers')
    .where('id', '=', mine)
    .where(({ exists, selectFrom }) => exists(selectFrom('layers as other').select('other.id').where('other.id', '=', yours)))
    .execute()
}

async function addPlayground(db: Db, user: User, name: string): Promise<string> {
  const id = `id-${Math.random()}`
  const texts = { title: name, description: '', categories: '[]', markdown: null, cover: null, spec: '{"machines":[]}' }
  const times = { created_at: now(), updated_at: now(), removed_at: null }
  await insertPlayground(db, { id, name, owner_id: user.id, base: 'b', base_id: null, saved_from: null, ...texts, ...times })
  return id
}

const requestOf = (user: User, playgroundId: string) => ({
  owner_id: user.id,
  playground_id: playgroundId,
  playground_name: 'p',
  playground_title: 'p',
  plan: planWithDrives([]),
  title: 't',
  clonedFrom: null,
})

/** A user, a playground and a stopped run of it. */
async function world(db: Db): Promise<{ user: User; playgroundId: string; runId: string }> {
  const user = await openOwner(db)
  const playgroundId = await addPlayground(db, user, 'p')
  const runId = await addRun(db, user, playgroundId)
  return { user, playgroundId, runId }
}

const addRun = (db: Db, user: User, playgroundId: string): Promise<string> =>
  transaction(db, (trx) =>
    insertRun(trx, { ...requestOf(user, playgroundId), start: false, memory: { totalBytes: 0, bytesOf: () => 0 } }),
  )

const ascending = (a: number, b: number) => a - b
const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id)

function valuesOf<T>(outcomes: readonly PromiseSettledResult<T>[]): T[] {
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}
