import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Slots } from './slots.ts'

const never = new AbortController().signal
/** Whether it has its place, after all that is ready has run. */
async function hasPlace(asked: Promise<unknown>): Promise<boolean> {
  let has = false
  void asked.then(
    () => {
      has = true
    },
    () => {},
  )
  await new Promise((resolve) => setImmediate(resolve))
  return has
}

test('a machine has so many places and the host so many, and who waits gets them in order', async () => {
  const slots = new Slots({ each: 2, all: 3 })
  const [first] = await Promise.all([slots.take('a', never), slots.take('a', never)])
  const thirdOfA = slots.take('a', never)
  assert.equal(await hasPlace(thirdOfA), false)
  const ofB = await slots.take('b', never)
  const ofC = slots.take('c', never)
  assert.equal(await hasPlace(ofC), false, 'the host is full')
  first[Symbol.dispose]()
  assert.equal(await hasPlace(thirdOfA), true, 'it asked first')
  assert.equal(await hasPlace(ofC), false)
  ofB[Symbol.dispose]()
  ofB[Symbol.dispose]()
  assert.equal(await hasPlace(ofC), true)
  assert.equal(await hasPlace(slots.take('d', never)), false, 'a place is given back once')
})

test('who does not wait any more takes no place', async () => {
  const slots = new Slots({ each: 1, all: 1 })
  const held = await slots.take('a', never)
  const leaves = new AbortController()
  const left = slots.take('a', leaves.signal)
  const next = slots.take('a', never)
  leaves.abort(new Error('paused'))
  await assert.rejects(left, /paused/)
  held[Symbol.dispose]()
  assert.equal(await hasPlace(next), true)
  await assert.rejects(slots.take('a', leaves.signal), /paused/)
})
