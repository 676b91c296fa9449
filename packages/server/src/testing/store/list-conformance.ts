import assert from 'node:assert/strict'
import { now, transaction } from '../../store/database.ts'
import { countRunsByState, listRunPage, readRunParts } from '../../store/play-lists.ts'
import { findPublished, insertPublished, listHostPorts, portsToCopy, underName } from '../../store/published-ports.ts'
import { insertStateEvent } from '../../store/runs.ts'
import { insertTasks } from '../../store/tasks.ts'
import type { MakeStore } from './fresh-store.ts'
import { addRun, idsOf, testsOf, world } from './store-world.ts'

/** Lists of runs, on every store. */
export function listConformance(kind: string, make: MakeStore): void {
  const it = testsOf(kind, make)

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
      await insertTasks(db, id, [{ name: 'b' }, { name: 'a' }])
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

  it('ports of the host are those of runs that are there, of users who are let in; no clone has them, and no host name leads to them', async (db) => {
    const { user, playgroundId, runId } = await world(db)
    const other = await addRun(db, user, playgroundId)
    const how = {
      machine: 'm',
      number: 80,
      access: 'public',
      tls: 0,
      host_rewrite: null,
      path_rewrite: null,
      account: null,
    } as const
    const onHost = { ...how, protocol: 'tcp', host_address: '127.0.0.1' } as const
    const named = await insertPublished(db, runId, { ...how, ...underName })
    const first = await insertPublished(db, runId, { ...onHost, host_port: 5001 })
    const second = await insertPublished(db, other, { ...onHost, host_port: 5002 })
    assert.deepEqual(idsOf((await listHostPorts(db)).map(({ row }) => row)).toSorted(), [first.id, second.id].toSorted())
    assert.equal((await listHostPorts(db))[0]?.owner.id, user.id)
    assert.equal((await findPublished(db, named.name))?.row.id, named.id)
    assert.equal(await findPublished(db, first.name), undefined)
    const { published } = await portsToCopy(db, runId)
    assert.deepEqual(published, [{ ...how, access: 'private', ...underName }])
    await db.updateTable('runs').set({ state: 'DESTROYED' }).where('id', '=', other).execute()
    assert.deepEqual(idsOf((await listHostPorts(db)).map(({ row }) => row)), [first.id])
    await db.updateTable('users').set({ disabled_at: now() }).where('id', '=', user.id).execute()
    assert.deepEqual(await listHostPorts(db), [])
  })
}
