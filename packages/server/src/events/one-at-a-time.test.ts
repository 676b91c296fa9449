import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { OneAtATime } from './one-at-a-time.ts'

const never = (error: unknown) => assert.fail(String(error))

test('what is triggered many times while it is at work is done once more, and after that anew', async () => {
  const gates: PromiseWithResolvers<void>[] = []
  const tell = new OneAtATime(async () => {
    const gate = Promise.withResolvers<void>()
    gates.push(gate)
    await gate.promise
  })
  for (let i = 0; i < 10; i += 1) tell.trigger('a', never)
  assert.equal(gates.length, 1)
  gates[0]?.resolve()
  await setImmediate()
  assert.equal(gates.length, 2)
  gates[1]?.resolve()
  await setImmediate()
  assert.equal(gates.length, 2)
  tell.trigger('a', never)
  assert.equal(gates.length, 3)
})

test('keys do not wait for one another, and a failure is told and ends nothing', async () => {
  const done: string[] = []
  const errors: unknown[] = []
  const tell = new OneAtATime(async (key) => {
    if (key === 'bad') throw new Error('no')
    done.push(key)
  })
  tell.trigger('bad', (error) => errors.push(error))
  tell.trigger('good', never)
  await setImmediate()
  tell.trigger('bad', (error) => errors.push(error))
  await setImmediate()
  assert.deepEqual(done, ['good'])
  assert.equal(errors.length, 2)
})
