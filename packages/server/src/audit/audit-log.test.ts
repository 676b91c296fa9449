import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { User } from '../services.ts'
import { openDatabase, transaction } from '../store/database.ts'
import { noted, openOwner } from '../store/users.ts'
import { AuditLog } from './audit-log.ts'

const query = { limit: 100 }

async function made() {
  const db = await openDatabase({ file: ':memory:' })
  const owner = await openOwner(db)
  const clock = { now: new Date('2026-05-01T00:00:00Z') }
  const errors: unknown[] = []
  const log = new AuditLog({
    db,
    keepMs: 24 * 3600_000,
    mostOfEach: 100,
    onError: (error) => errors.push(error),
    now: () => clock.now,
  })
  return {
    db,
    log,
    owner,
    errors,
    later: (ms: number) => (clock.now = new Date(clock.now.getTime() + ms)),
    all: () => log.list(owner, query),
    async [Symbol.asyncDispose]() {
      await log[Symbol.asyncDispose]()
      await db.destroy()
    },
  }
}

const ann: User = { id: 'a', name: 'ann', via: 'browser' }

test('what is told in a transaction is there when that is, and else is not', async () => {
  await using world = await made()
  const entry = () => world.log.begin('run.start', '::ffff:192.0.2.7').by(ann)
  const kept = { ...ann, entry: entry() }
  await transaction(world.db, (trx) => noted(kept, trx, { subject: 'r1' }))
  await kept.entry.done()
  const lost = { ...ann, entry: entry() }
  const failing = transaction(world.db, async (trx) => {
    await noted(lost, trx, { subject: 'r2' })
    throw new Error('the disk')
  })
  await assert.rejects(failing, /the disk/)
  const [only, ...more] = await world.all()
  assert.deepEqual(more, [])
  assert.deepEqual([only?.subject, only?.user, only?.from, only?.via, only?.outcome], ['r1', 'ann', '192.0.2.7', 'browser', 'ok'])
})

test('what failed after its transaction is told once, as failed', async () => {
  await using world = await made()
  const entry = world.log.begin('run.clone', undefined).by(ann)
  await transaction(world.db, (trx) => entry.write(trx, { subject: 'r1' }))
  await entry.failed('internal_error')
  assert.deepEqual(
    (await world.all()).map(({ subject, outcome }) => [subject, outcome]),
    [['r1', 'internal_error']],
  )
})

test('refusals and ways in that repeat themselves are one entry with a count, for ten minutes', async () => {
  await using world = await made()
  const refuse = (subject: string) => world.log.begin('run.stop', '192.0.2.7').by(ann).about({ subject }).failed('not_found')
  for (let time = 0; time < 50; time += 1) await refuse('r1')
  await refuse('r2')
  for (let time = 0; time < 3; time += 1) await world.log.begin('machine.command', undefined).by(ann).done()
  for (let time = 0; time < 2; time += 1) await world.log.begin('run.start', undefined).by(ann).done()
  const told = async () => (await world.all()).map(({ action, subject, times }) => `${action} ${subject ?? ''} ${times}`)
  const first = ['machine.command  3', 'run.start  1', 'run.start  1', 'run.stop r1 50', 'run.stop r2 1']
  assert.deepEqual((await told()).toSorted(), first)
  world.later(11 * 60_000)
  await refuse('r1')
  assert.deepEqual((await told()).toSorted(), [...first, 'run.stop r1 1'].toSorted())
})

test('control characters are shown, and nothing is long', async () => {
  await using world = await made()
  await world.log
    .begin('image.remove', undefined)
    .by(ann)
    .about({ subject: '\x1b]0;x\x07', detail: 'y'.repeat(5000) })
    .done()
  const [entry] = await world.all()
  assert.equal(entry?.subject, '^[]0;x^G')
  assert.equal(entry?.detail?.length, 300)
})

test('a person sees what he did and what was done to him, and not from where an admin did it', async () => {
  await using world = await made()
  await world.log.begin('run.start', '192.0.2.7').by(ann).done()
  await world.log.begin('user.change', '192.0.2.1').by(world.owner).about({ subject: 'ann', aboutId: 'a' }).done()
  await world.log.begin('user.add', '192.0.2.1').by(world.owner).about({ subject: 'bob', aboutId: 'b' }).done()
  const seen = (await world.log.list(ann, query)).map(({ action, user, from }) => [action, user, from])
  assert.deepEqual(seen.toSorted(), [
    ['run.start', 'ann', '192.0.2.7'],
    ['user.change', 'owner', undefined],
  ])
  await assert.rejects(world.log.list(ann, { ...query, user: 'owner' }), { code: 'not_permitted' })
  assert.equal((await world.all()).length, 3)
})

test('what is old is forgotten', async () => {
  await using world = await made()
  await world.log.begin('run.start', undefined).by(ann).done()
  world.later(25 * 3600_000)
  await world.log.begin('run.stop', undefined).by(ann).done()
  assert.equal(await world.log.trim(), 1)
  assert.deepEqual(
    (await world.all()).map(({ action }) => action),
    ['run.stop'],
  )
})

test('a log that cannot be written stops nobody, and says so', async () => {
  await using world = await made()
  await world.db.schema.dropTable('audit').execute()
  await world.log.begin('run.start', undefined).by(ann).done()
  assert.equal(world.errors.length, 1)
  await world.db.schema.createTable('audit').addColumn('id', 'text').execute()
})
