import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Activity } from './activity.ts'
import { isOnItsWay } from './on-its-way.ts'

test('an action is under way from its first moment to a while after its end, whatever else ends meanwhile', async () => {
  const activity = new Activity({ quietMs: 1_000, afterwardsMs: 10 })
  const changes: boolean[] = []
  activity.onChange(() => changes.push(activity.isUnderWay))
  assert.equal(activity.isUnderWay, false)
  const first = Promise.withResolvers<void>()
  const action = activity.during(() => first.promise)
  activity.note('a', true)
  activity.note('a', true)
  first.resolve()
  await action
  assert.equal(activity.isUnderWay, true)
  activity.note('a', false)
  assert.equal(activity.isUnderWay, true, 'a first command follows')
  await activity.over(AbortSignal.timeout(5_000))
  assert.deepEqual(changes, [true, false])
  assert.ok(activity.quietInMs > 900)
})

test('an action that fails is over too', async () => {
  const activity = new Activity({ quietMs: 0, afterwardsMs: 0 })
  await assert.rejects(activity.during(() => Promise.reject(new Error('no'))))
  await activity.over(AbortSignal.timeout(5_000))
})

test('a run is on its way until it is where it is wanted; what nobody sees never is', () => {
  const purpose = 'user'
  assert.equal(isOnItsWay({ purpose, wanted: 'RUNNING', state: 'STARTING' }), true)
  assert.equal(isOnItsWay({ purpose, wanted: 'RUNNING', state: 'RUNNING' }), false)
  assert.equal(isOnItsWay({ purpose, wanted: 'RUNNING', state: 'RUNNING' }, { step: 'machine-reboot', message: '' }), true)
  assert.equal(isOnItsWay({ purpose, wanted: 'STOPPED', state: 'STOPPING' }), true)
  assert.equal(isOnItsWay({ purpose, wanted: 'STOPPED', state: 'FAILED' }), false)
  assert.equal(isOnItsWay({ purpose, wanted: 'DESTROYED', state: 'DESTROYED' }), false)
  assert.equal(isOnItsWay({ purpose: 'warm-start', wanted: 'RUNNING', state: 'STARTING' }), false)
})
