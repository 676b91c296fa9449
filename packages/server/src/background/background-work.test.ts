import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Activity } from './activity.ts'
import { BackgroundWork } from './background-work.ts'

const quiet = () => new Activity({ quietMs: 0, afterwardsMs: 0 })
const never = (error: unknown) => assert.fail(String(error))
async function until(isThere: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5_000; !isThere(); await delay(1)) assert.ok(Date.now() < deadline, 'waited in vain')
}

test('work that is woken often begins once, and once more when it was woken while it was done', async () => {
  let begun = 0
  const { promise: mayEnd, resolve: letEnd } = Promise.withResolvers<void>()
  const work = new BackgroundWork({
    activity: quiet(),
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
    activity: quiet(),
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
    activity: quiet(),
    delayMs: 1,
    onError: never,
    work({ signal }) {
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
    activity: quiet(),
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
  const work = new BackgroundWork({ activity: quiet(), delayMs: 1, onError: never, work: () => new Promise(() => {}) })
  work.trigger()
  await until(() => work.isAtWork)
  await work.close(new Error('the server ends'), 10)
})

test('work begins only after a while of quiet', async () => {
  const clock = { now: 0 }
  const activity = new Activity({ quietMs: 60, afterwardsMs: 0, now: () => clock.now })
  let begun = 0
  const work = new BackgroundWork({
    activity,
    delayMs: 0,
    onError: never,
    async work() {
      begun += 1
      return undefined
    },
  })
  const { promise: isOver, resolve: letEnd } = Promise.withResolvers<void>()
  const action = activity.during(() => isOver)
  work.trigger()
  await delay(100)
  clock.now = 1_000
  letEnd()
  await action
  await until(() => !activity.isUnderWay)
  await delay(100)
  assert.equal(begun, 0, 'nobody was quiet for long enough by the clock')
  clock.now = 1_060
  await until(() => begun === 1)
  await work.close()
})

test('work stands still between its pieces while a person does something, and goes on afterwards', async () => {
  const activity = quiet()
  let pieces = 0
  const { promise: firstDone, resolve: letFirst } = Promise.withResolvers<void>()
  const work = new BackgroundWork({
    activity,
    delayMs: 0,
    onError: never,
    async work({ go }) {
      pieces += 1
      await firstDone
      await go()
      pieces += 1
      return undefined
    },
  })
  work.trigger()
  await until(() => pieces === 1)
  activity.note('run', true)
  letFirst()
  await delay(20)
  assert.equal(pieces, 1)
  activity.note('run', false)
  await until(() => pieces === 2)
  await work.close()
})

test('work that stands still ends when it is told to', async () => {
  const activity = quiet()
  let begun = 0
  const work = new BackgroundWork({
    activity,
    delayMs: 0,
    onError: never,
    async work({ go }) {
      begun += 1
      activity.note('run', true)
      await go()
      return assert.fail('it went on')
    },
  })
  work.trigger()
  await until(() => begun === 1)
  await work.close()
  assert.equal(work.isAtWork, false)
})
