import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SourceBudget, sourceOf } from './source-budget.ts'

for (const [address, source] of [
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::6', '2001:db8:1:2'],
  ['2001:db8::6', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  [undefined, ''],
] as const) {
  test(`${address} counts as ${source}`, () => assert.equal(sourceOf(address), source))
}

test('a source may ask as often as its budget, which fills up again', () => {
  let now = 0
  const budget = new SourceBudget({ burst: 2, perSecond: 1, now: () => now })
  budget.spend('a')
  budget.spend('a')
  assert.throws(() => budget.spend('a'), { code: 'too_many_requests', status: 429 })
  budget.spend('b')
  now = 1000
  budget.spend('a')
  assert.throws(() => budget.spend('a'), { code: 'too_many_requests' })
})

test('as many sources are remembered as there is room for', () => {
  const budget = new SourceBudget({ burst: 1, perSecond: 0, mostSources: 2, now: () => 0 })
  for (const source of ['a', 'b', 'c']) budget.spend(source)
  assert.throws(() => budget.spend('c'), { code: 'too_many_requests' })
  budget.spend('a')
})
