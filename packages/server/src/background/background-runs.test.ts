import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Activity } from './activity.ts'
import { BackgroundRuns } from './background-runs.ts'

test('runs of the background stand still while somebody does something, but for those that somebody waits for meanwhile', async () => {
  const told: (readonly string[])[] = []
  const host = { standStill: (runs: readonly string[]) => void told.push(runs), goOn: () => void told.push(['all go on']) }
  const activity = new Activity({ quietMs: 0, afterwardsMs: 0 })
  const runs = new BackgroundRuns(activity, host)
  runs.add('a')
  assert.deepEqual(told, [])
  activity.note('mine', true)
  runs.add('b')
  runs.delete('a')
  activity.note('mine', false)
  await activity.over(AbortSignal.timeout(5_000))
  assert.deepEqual(told, [['a'], ['a', 'b'], ['b'], ['all go on']])
  assert.equal(runs.timesStill, 1)
})
