import assert from 'node:assert/strict'
import { test } from 'node:test'
import { insertStateEvent, readRun } from '../store/runs.ts'
import { putRun } from '../testing/put-run.ts'
import { TestHome } from '../testing/test-home.ts'
import { noteMachine } from './machine.ts'
import { toPlay } from './to-play.ts'

const told = async ({ db }: TestHome, id: string) =>
  (await toPlay({ db, installation: '0000', endpoint: () => '', progressOf: () => undefined }, await readRun(db, id))).status

test('a machine that answers is told to be Ready only once its run is RUNNING, and so may be entered', async () => {
  await using home = await TestHome.make()
  const id = await home.addRun('STARTING', [])
  await noteMachine(home.db, id, 'm', { state: 'RUNNING', isReady: true })
  const readiness = async () => (await told(home, id)).machines[0]?.conditions[0]?.status
  assert.equal(await readiness(), 'Unknown')
  await putRun(home.db, id, { state: 'RUNNING' })
  assert.equal(await readiness(), 'True')
})

test('a state that was a failure says so by a boolean, and why beside it', async () => {
  await using home = await TestHome.make()
  const id = await home.addRun('RUNNING', [])
  await insertStateEvent(home.db, id, 'FAILED', '2026-01-01T00:00:00.000Z', 'It broke.')
  const [first, last] = (await told(home, id)).stateEvents
  assert.equal(first?.error, undefined)
  assert.deepEqual([last?.error, last?.message], [true, 'It broke.'])
})
