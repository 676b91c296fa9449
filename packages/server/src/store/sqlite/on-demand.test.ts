import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { until } from '../../testing/start-for-test.ts'
import { OnDemand } from './on-demand.ts'

test('a connection is opened for whoever needs it, shared, and closed once nobody has for a while', async () => {
  let opened = 0
  let closed = 0
  const onDemand = new OnDemand(async () => {
    opened += 1
    return {
      run: async () => ({ rows: [], changes: 0 }),
      async close() {
        closed += 1
      },
    }
  }, 20)
  const [one, other] = await Promise.all([onDemand.take(), onDemand.take()])
  assert.equal(one, other)
  onDemand.giveBack()
  await setTimeout(60)
  assert.equal(closed, 0)
  onDemand.giveBack()
  await until('it is closed', () => closed === 1)
  await onDemand.take()
  assert.equal(opened, 2)
  await onDemand.close()
  assert.equal(closed, 2)
})

test('one that could not be opened is opened anew for the next', async () => {
  let tries = 0
  const onDemand = new OnDemand(async () => {
    tries += 1
    throw new Error('no')
  })
  await assert.rejects(onDemand.take(), /no/)
  await assert.rejects(onDemand.take(), /no/)
  assert.equal(tries, 2)
  await onDemand.close()
})
