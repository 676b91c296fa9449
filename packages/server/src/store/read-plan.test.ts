import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planWithDrives } from '../testing/plan-with-drives.ts'
import { readPlan } from './read-plan.ts'

const plan = (name: string) => JSON.stringify({ ...planWithDrives([]), rerunInit: name })

test('rows with the same plan share what was parsed of it, and nobody can change it for the others', () => {
  const first = readPlan(plan('a'))
  assert.ok('plan' in first, JSON.stringify(first))
  assert.equal(readPlan(plan('a')), first)
  assert.throws(() => {
    ;(first.plan as { machines: unknown }).machines = []
  }, TypeError)
  assert.throws(() => (first.plan.machines as unknown[]).push({}), TypeError)
})

test('plans that nobody reads any more are forgotten', () => {
  const first = readPlan(plan('first'))
  for (let i = 0; i < 200; i += 1) readPlan(plan(String(i)))
  assert.notEqual(readPlan(plan('first')), first)
  assert.deepEqual(readPlan(plan('first')), first)
})

test('a plan that cannot be read says why, each time', () => {
  for (const _ of [1, 2]) assert.ok('unreadable' in readPlan('{'))
})
