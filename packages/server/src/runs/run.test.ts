import assert from 'node:assert/strict'
import { test } from 'node:test'
import { actions, refusal, runStates } from '@ramet/model/run/run-state.ts'
import { readRun } from '../store/runs.ts'
import { TestHome } from '../testing/test-home.ts'
import { advance, failRun, noteDestroyed, type RunRequest, transition } from './run.ts'

const memory = { totalBytes: 100, bytesOf: () => 1 }
const requests: readonly RunRequest[] = [
  { action: 'stop' },
  { action: 'shut_down' },
  { action: 'restart', memory },
  { action: 'boot', memory },
  { action: 'destroy' },
  { action: 'set_title', title: 'x' },
  { action: 'set_lifetime', lifetime: { minutes: 60 } },
]

test('an action is taken in the states that the action table lists, and in no other', async () => {
  await using home = await TestHome.make()
  for (const request of requests) {
    for (const state of runStates) {
      const id = await home.addRun(state, [])
      const asked = transition(home.db, id, request)
      if ((actions[request.action].from as readonly string[]).includes(state)) await asked
      else await assert.rejects(asked, { code: 'action_refused', hint: refusal(request.action, state)?.replaceAll('ID', id) })
      await home.db.updateTable('runs').set({ state: 'DESTROYED' }).where('id', '=', id).execute()
    }
  }
})

test('a run that is to be destroyed goes nowhere else, whatever the reconciler was about to write', async () => {
  await using home = await TestHome.make()
  const id = await home.addRun('RUNNING', [])
  await transition(home.db, id, { action: 'destroy' })
  assert.equal(await advance(home.db, id, 'RUNNING', 'RUNNING'), false)
  assert.equal(await advance(home.db, id, 'STOPPED', 'STOPPED'), false)
  assert.equal(await failRun(home.db, id, { code: 'x', message: 'y' }), false)
  assert.equal((await readRun(home.db, id)).state, 'DESTROYING')
  assert.equal(await noteDestroyed(home.db, id), true)
  assert.equal((await readRun(home.db, id)).state, 'DESTROYED')
})

test('of two restarts that memory admits one of, one is refused and stays off', async () => {
  await using home = await TestHome.make()
  const ids = [await home.addRun('STOPPED', []), await home.addRun('STOPPED', [])]
  const one = { totalBytes: 1, bytesOf: () => 1 }
  const answers = await Promise.allSettled(ids.map((id) => transition(home.db, id, { action: 'restart', memory: one })))
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), ['fulfilled', 'rejected'])
  const states = await Promise.all(ids.map(async (id) => (await readRun(home.db, id)).state))
  assert.deepEqual(states.toSorted(), ['STARTING', 'STOPPED'])
})
