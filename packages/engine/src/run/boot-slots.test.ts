import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BootSlots } from './boot-slots.ts'

const never = new AbortController().signal

test('as many boots as there are slots go at once, the next in the order they came', async () => {
  const slots = new BootSlots(2)
  const begun: string[] = []
  const boot = async (name: string) => {
    const give = await slots.take(never)
    begun.push(name)
    return give
  }
  const boots = ['a', 'b', 'c', 'd'].map(boot)
  const giveA = await boots[0]
  await boots[1]
  assert.deepEqual(begun, ['a', 'b'])
  giveA?.()
  giveA?.()
  const giveC = await boots[2]
  assert.deepEqual(begun, ['a', 'b', 'c'], 'a slot given twice counts once')
  giveC?.()
  await boots[3]
  assert.deepEqual(begun, ['a', 'b', 'c', 'd'])
})

test('who gives up waiting loses nothing for the others', async () => {
  const slots = new BootSlots(1)
  const give = await slots.take(never)
  const impatient = new AbortController()
  const gone = slots.take(impatient.signal)
  const patient = slots.take(never)
  impatient.abort(new Error('no longer wanted'))
  await assert.rejects(gone, /no longer wanted/)
  give()
  await patient
})
