import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { BackgroundWork } from './background-work.ts'

const never = (error: unknown) => assert.fail(String(error))
async function until(isThere: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5_000; !isThere(); await delay(1)) assert.ok(Date.now() < deadline, 'waited in vain')
}

test('work that is woken often begins once, and once more when it was woken while it was done', async () => {
  let begun = 0
  const { promise: mayEnd, resolve: letEnd } = Promise.withResolvers<void>()
  const work = new BackgroundWork({
    delayMs: 1,
    onError: never,
    async work() {
      begun += 1
      await mayEnd
      return undefined
    },
  })
  for (let at = 0; at < 5; at += 1) work.trigger()
  await until(() => work.isAtWork)
  for (let at = 0; at < 5; at += 1) work.trigger()
  assert.equal(begun, 1)
  letEnd()
  await until(() => begun === 2)
  await work.close()
  assert.equal(begun, 2)
})

test('work looks again when it said so, and the earliest trigger counts', async () => {
  let begun = 0
  const work = new BackgroundWork({
    delayMs: 60_000,
    onError: never,
    async work() {
      begun += 1
      return begun < 3 ? 1 : undefined
    },
  })
  work.trigger()
  work.trigger(1)
  work.trigger(60_000)
  await until(() => begun === 3)
  await work.close()
})

test('ended work is no error, and a closed one is not begun again', async () => {
  let begun = 0
  const work = new BackgroundWork({
    delayMs: 1,
    onError: never,
    work(signal) {
      begun += 1
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  })
  work.trigger()
  await until(() => work.isAtWork)
  await work.end()
  assert.equal(work.isAtWork, false)
  work.trigger()
  await until(() => begun === 2)
  await work.close()
  work.trigger()
  await delay(20)
  assert.equal(begun, 2)
})

test('an error is told, and the work is woken as before', async () => {
  const errors: unknown[] = []
  const work = new BackgroundWork({
    delayMs: 1,
    onError: (error) => errors.push(error),
    work: () => Promise.reject(new Error('no')),
  })
  work.trigger()
  await until(() => errors.length === 1)
  work.trigger()
  await until(() => errors.length === 2)
  await work.close()
})

test('who closes does not wait for ever', async () => {
  const work = new BackgroundWork({ delayMs: 1, onError: never, work: () => new Promise(() => {}) })
  work.trigger()
  await until(() => work.isAtWork)
  await work.close(new Error('the server ends'), 10)
})
