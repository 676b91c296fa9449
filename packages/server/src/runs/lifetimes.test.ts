import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRun } from '../store/runs.ts'
import { until } from '../testing/start-for-test.ts'
import { TestHome } from '../testing/test-home.ts'
import { Lifetimes } from './lifetimes.ts'
import { transition } from './run.ts'

const hourAgo = () => new Date(Date.now() - 3600_000).toISOString()

/** A home whose runs end by `Lifetimes`. */
async function watched() {
  const home = await TestHome.make()
  const ended: string[] = []
  const changed: string[] = []
  const onError = (error: unknown) => assert.fail(String(error))
  const lifetimes = new Lifetimes({ db: home.db, ended: (id) => ended.push(id), changed: (id) => changed.push(id), onError })
  return {
    db: home.db,
    home,
    ended,
    changed,
    lifetimes,
    /** A run that is on for an hour. */
    async runFor(minutes: number, atEnd: 'stop' | 'destroy') {
      const id = await home.addRun('RUNNING', [])
      await home.db.updateTable('runs').set({ session_at: hourAgo() }).where('id', '=', id).execute()
      await transition(home.db, id, { action: 'set_lifetime', lifetime: { minutes: 120, atEnd } })
      const ends_at = new Date(Date.now() + (minutes - 60) * 60_000).toISOString()
      await home.db.updateTable('runs').set({ ends_at, max_play_minutes: minutes }).where('id', '=', id).execute()
      return id
    },
    async [Symbol.asyncDispose]() {
      lifetimes.close()
      await home[Symbol.asyncDispose]()
    },
  }
}

test('a run whose time is over is stopped or destroyed, as was said, also when no server ran at that time', async () => {
  await using world = await watched()
  const stops = await world.runFor(59, 'stop')
  const goes = await world.runFor(30, 'destroy')
  const goesOn = await world.runFor(120, 'destroy')
  world.lifetimes.trigger()
  await until('both', () => world.ended.length === 2)
  const wanted = async (id: string) => (await readRun(world.db, id)).wanted
  assert.deepEqual([await wanted(stops), await wanted(goes), await wanted(goesOn)], ['STOPPED', 'DESTROYED', 'RUNNING'])
  assert.ok((await readRun(world.db, stops)).ends_at, 'it can be told why it is off')
})

test('listeners hear of an end that is near, once', async () => {
  await using world = await watched()
  const id = await world.runFor(65, 'stop')
  await world.runFor(120, 'stop')
  world.lifetimes.trigger()
  await until('the warning', () => world.changed.length > 0)
  world.lifetimes.trigger()
  world.lifetimes.trigger()
  await new Promise((resolve) => setImmediate(resolve))
  assert.deepEqual(world.changed, [id])
})

test('time counts from the last start, a stop ends it, and no more can be taken away than is left', async () => {
  await using world = await watched()
  const { db, home } = world
  const id = await home.addRun('STOPPED', [])
  await transition(db, id, { action: 'set_lifetime', lifetime: { minutes: 30 } })
  assert.equal((await readRun(db, id)).ends_at, null, 'it is off')
  await transition(db, id, { action: 'restart', memory: { totalBytes: 100, bytesOf: () => 1 } })
  const on = await readRun(db, id)
  assert.equal(Date.parse(on.ends_at ?? '') - Date.parse(on.session_at ?? ''), 30 * 60_000)
  await db.updateTable('runs').set({ session_at: hourAgo() }).where('id', '=', id).execute()
  const shorter = transition(db, id, { action: 'set_lifetime', lifetime: { minutes: 45 } })
  await assert.rejects(shorter, { code: 'lifetime_over', status: 409 })
  await transition(db, id, { action: 'set_lifetime', lifetime: { minutes: null } })
  assert.equal((await readRun(db, id)).ends_at, null)
  await transition(db, id, { action: 'stop' })
  assert.equal((await readRun(db, id)).session_at, null)
})
