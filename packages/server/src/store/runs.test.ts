import assert from 'node:assert/strict'
import { test } from 'node:test'
import { requireMemory } from '../admission/admission.ts'
import { transition } from '../runs/run.ts'
import { toPlay } from '../runs/to-play.ts'
import { TestHome } from '../testing/test-home.ts'
import { listRunPage } from './play-lists.ts'
import { readRun } from './runs.ts'

const breakPlan = (home: TestHome, id: string, plan: string) =>
  home.db.updateTable('runs').set({ plan }).where('id', '=', id).execute()

test('a run whose plan cannot be read is FAILED and says why, lists and admission go on, and it can be destroyed', async () => {
  await using home = await TestHome.make()
  const { db } = home
  const whole = await home.addRun('RUNNING', [])
  const broken = await home.addRun('RUNNING', [])
  await breakPlan(home, broken, '{"version": 9}')
  const listed = await listRunPage(db, { owners: ['u'], goneSince: '', limit: 10, after: undefined })
  assert.deepEqual(
    new Map(listed.map(({ id, state }) => [id, state])),
    new Map([
      [whole, 'RUNNING'],
      [broken, 'FAILED'],
    ]),
  )
  const run = await readRun(db, broken)
  const play = await toPlay({ db, installation: '0000', endpoint: () => '', progressOf: () => undefined }, run)
  assert.equal(play.failure?.code, 'plan_unreadable')
  assert.match(play.failure?.message ?? '', /version/)
  assert.deepEqual(
    play.machines.map(({ name }) => name),
    ['m'],
  )
  const rule = { totalBytes: 1, bytesOf: ({ machines }: { machines: readonly unknown[] }) => machines.length }
  await assert.rejects(requireMemory(db, rule, await readRun(db, whole)), { code: 'not_enough_memory' })
  assert.equal((await transition(db, broken, { action: 'destroy' })).state, 'DESTROYING')
})

test('text that is no JSON at all is no obstacle either', async () => {
  await using home = await TestHome.make()
  const id = await home.addRun('STOPPED', [])
  await breakPlan(home, id, '{')
  const { state, failure } = await readRun(home.db, id)
  assert.deepEqual([state, failure?.code], ['FAILED', 'plan_unreadable'])
})
