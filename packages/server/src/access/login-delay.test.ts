import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LoginDelay } from './login-delay.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

test('each failed login waits longer than the one before, up to a bound, and a quiet minute forgives', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  const delay = new LoginDelay({ firstMs: 100, longestMs: 300 })
  const waited = async () => {
    let ms = 0
    let isOver = false
    void delay.failed().then(() => {
      isOver = true
    })
    while (!isOver && ms < 1000) {
      t.mock.timers.tick(50)
      ms += 50
      await turn()
    }
    return ms
  }
  assert.deepEqual([await waited(), await waited(), await waited(), await waited()], [100, 200, 300, 300])
  t.mock.timers.tick(60_001)
  assert.equal(await waited(), 100)
})

test('only so many wait at once, the others are refused', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const delay = new LoginDelay({ maxWaiting: 2 })
  const waiting = [delay.failed(), delay.failed()]
  await assert.rejects(delay.failed(), { code: 'too_many_logins', status: 429 })
  t.mock.timers.tick(1000)
  await Promise.all(waiting)
})
