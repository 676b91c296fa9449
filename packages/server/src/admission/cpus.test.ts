import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { refusalOfCpus } from './cpus.ts'

const plan = (...cpuCounts: number[]) =>
  ({ machines: cpuCounts.map((cpuCount, at) => ({ name: `m${at}`, cpuCount })) }) as unknown as RunPlan

test('no machine has more CPUs than the host, and the refusal names it and what it may have', () => {
  assert.equal(refusalOfCpus(plan(2, 1, 2), 2), undefined)
  const refusal = refusalOfCpus(plan(1, 32, 3), 2)
  assert.equal(refusal?.code, 'not_enough_cpus')
  assert.match(refusal?.message ?? '', /m1.*32.*2/)
  assert.match(refusal?.hint ?? '', /cpuCount/)
})
