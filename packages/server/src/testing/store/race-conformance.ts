import assert from 'node:assert/strict'
import { insertRun } from '../../runs/new-run.ts'
import { type Db, now, transaction } from '../../store/database.ts'
import { nextShortId } from '../../store/installation.ts'
import { findLayer, removeLayer, unreferencedLayers } from '../../store/layers.ts'
import { findPlayground, listPlaygrounds } from '../../store/playgrounds.ts'
import { findRun, insertStateEvent } from '../../store/runs.ts'
import type { MakeStore } from './fresh-store.ts'
import {
  addPlayground,
  ascending,
  handles,
  idsOf,
  layer,
  race,
  removeIf,
  requestOf,
  testsOf,
  valuesOf,
  world,
} from './store-world.ts'

/** What eight handles that write at once must come to, on every store. */
export function raceConformance(kind: string, make: MakeStore): void {
  const it = testsOf(kind, make)

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
}
