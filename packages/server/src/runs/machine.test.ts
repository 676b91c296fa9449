import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findMachine } from '../store/run-machines.ts'
import { putRun } from '../testing/put-run.ts'
import { TestHome } from '../testing/test-home.ts'
import { noteMachine, transitionMachine } from './machine.ts'

const stateOf = async (home: TestHome, id: string) => (await findMachine(home.db, id, 'm'))?.state

test('what was seen of a machine is not noted once its run has begun anew', async () => {
  await using home = await TestHome.make()
  const id = await home.addRun('RUNNING', [])
  await noteMachine(home.db, id, 'm', { state: 'RUNNING', isReady: true })
  await putRun(home.db, id, { state: 'STARTING' })
  const end = { state: 'FAILED', wanted: 'STOPPED', from: ['RUNNING'], whileRunning: true } as const
  assert.equal(await noteMachine(home.db, id, 'm', end), false)
  assert.equal(await stateOf(home, id), 'RUNNING')
  await putRun(home.db, id, { state: 'RUNNING' })
  assert.equal(await noteMachine(home.db, id, 'm', end), true)
  assert.equal(await stateOf(home, id), 'FAILED')
})

test('an action on a machine is refused with the reason unless its run is running and it is in a state for it', async () => {
  await using home = await TestHome.make()
  const id = await home.addRun('RUNNING', [])
  await assert.rejects(transitionMachine(home.db, id, 'm', 'machine.stop'), { code: 'action_refused', hint: /that is on/ })
  await transitionMachine(home.db, id, 'm', 'machine.restart')
  assert.equal(await stateOf(home, id), 'STARTING')
  await putRun(home.db, id, { state: 'STOPPING' })
  await assert.rejects(transitionMachine(home.db, id, 'm', 'machine.stop'), { code: 'action_refused', hint: /must be running/ })
  await assert.rejects(transitionMachine(home.db, id, 'x', 'machine.stop'), { code: 'unknown_machine' })
})
