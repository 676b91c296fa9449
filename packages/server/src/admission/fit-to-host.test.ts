import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import fc from 'fast-check'
import { fitToHost } from './fit-to-host.ts'

const mib = 1024 ** 2
const plan = (...machines: [cpuCount: number, ramMiB: number][]) =>
  ({ machines: machines.map(([cpuCount, ramMiB], at) => ({ name: `m${at}`, cpuCount, ramMiB })) }) as unknown as RunPlan
/** Each machine takes 100 MiB besides its own. */
const bytesOf = ({ machines }: Pick<RunPlan, 'machines'>) => machines.reduce((sum, { ramMiB }) => sum + (ramMiB + 100) * mib, 0)
const host = (totalMiB: number, hostThreads = 2) => ({ totalBytes: totalMiB * mib, hostThreads, bytesOf })
const given = ({ machines }: RunPlan) => machines.map(({ cpuCount, ramMiB }) => [cpuCount, ramMiB])

test('a plan that fits is left as it is', () => {
  const small = plan([2, 512], [1, 1024])
  assert.equal(fitToHost(small, host(1736)), small)
})

test('memory beyond the host is scaled down in proportion, and it is told from what to what', () => {
  const fitted = fitToHost(plan([1, 8192], [1, 4096]), host(6344))
  assert.deepEqual(given(fitted), [
    [1, 4096],
    [1, 2048],
  ])
  assert.deepEqual(fitted.notices, [
    'The host has 6.2GiB of memory for runs: m0 has 4GiB instead of 8GiB, m1 has 2GiB instead of 4GiB.',
  ])
})

test('no machine comes below 256 MiB, and one that wants less has what it wants', () => {
  const fitted = fitToHost(plan([1, 4096], [1, 300], [1, 128]), host(300 + 1024 + 256 + 128))
  assert.deepEqual(
    given(fitted).map(([, ramMiB]) => ramMiB),
    [1024, 256, 128],
  )
})

test('what does not fit even so keeps its wishes, for admission to refuse', () => {
  const large = plan([1, 4096], [1, 4096])
  assert.equal(fitToHost(large, host(711)), large)
  assert.deepEqual(given(fitToHost(large, host(712))), [
    [1, 256],
    [1, 256],
  ])
})

test('no machine has more CPUs than the host, and the others keep theirs', () => {
  const fitted = fitToHost(plan([32, 512], [2, 512], [1, 512]), host(9999))
  assert.deepEqual(
    given(fitted).map(([cpuCount]) => cpuCount),
    [2, 2, 1],
  )
  assert.deepEqual(fitted.notices, ['The host has 2 CPUs: m0 has 2 CPUs instead of 32 CPUs.'])
})

test('whatever is asked for, it fits afterwards or is left alone, and most of the memory is used', () => {
  const machine = fc.tuple(fc.integer({ min: 1, max: 64 }), fc.integer({ min: 128, max: 65536 }))
  fc.assert(
    fc.property(fc.array(machine, { minLength: 1, maxLength: 5 }), fc.integer({ min: 1, max: 99999 }), (machines, totalMiB) => {
      const wished = plan(...machines)
      const fitted = fitToHost(wished, host(totalMiB, 8))
      assert.ok(fitted.machines.every(({ cpuCount }) => cpuCount <= 8))
      const floors = machines.reduce((sum, [, ramMiB]) => sum + Math.min(ramMiB, 256) + 100, 0)
      if (floors > totalMiB)
        return assert.deepEqual(
          given(fitted).map(([, ram]) => ram),
          machines.map(([, ram]) => ram),
        )
      assert.ok(bytesOf(fitted) <= totalMiB * mib)
      const wishedMiB = bytesOf(wished) / mib
      // A step is a 4096th of each wish.
      if (wishedMiB > totalMiB) assert.ok(totalMiB - bytesOf(fitted) / mib <= wishedMiB / 4096 + machines.length)
    }),
  )
})
