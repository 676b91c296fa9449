import assert from 'node:assert/strict'
import { test } from 'node:test'
import { planNetwork } from '../network/plan.ts'
import { oneMachinePlan } from '../testing/one-machine-plan.ts'
import { asksAtBoot, bootConfig } from './initrd.ts'

const plan = oneMachinePlan([])
const network = planNetwork('r0000-1', '198.18.0.0/28', plan)
const gib = 1024 ** 3
const row = (setUp: 'due' | 'begun' | 'done', grownBytes: number, sizeBytes = 20 * gib) => [
  { machine: 'one', index: 0, setUp, grownBytes, sizeBytes },
]

test('what is due at a boot follows from the rows of its drives alone', () => {
  const once = (rows: ReturnType<typeof row>) => bootConfig(plan, network, 0, rows).once
  assert.deepEqual(once(row('due', 0)), { allowed: 'ask', setUp: true, growRoot: true })
  assert.deepEqual(once(row('begun', 0)), { allowed: 'ask', setUp: true, growRoot: true })
  assert.deepEqual(once(row('done', 20 * gib)), { allowed: 'no', setUp: false, growRoot: false })
  assert.deepEqual(once(row('done', 10 * gib)), { allowed: 'ask', setUp: false, growRoot: true }, 'it became larger')
  assert.deepEqual(once(row('due', 20 * gib)), { allowed: 'ask', setUp: true, growRoot: false }, 'all is set up again')
})

test('a machine that has nothing due asks nobody', () => {
  assert.equal(asksAtBoot(plan, 0, row('done', 20 * gib)), false)
  assert.equal(asksAtBoot(plan, 0, row('due', 0)), true)
})
