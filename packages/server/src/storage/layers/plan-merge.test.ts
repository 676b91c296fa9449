import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { MergeableLayer as PlanLayer } from '../../store/layer-merges.ts'
import { planMerge } from './plan-merge.ts'

/** `l0` is the root; each stands on the one before. `held`: further holders by index. */
function chain(bytes: readonly number[], held: Readonly<Record<number, number>> = {}, busy: readonly number[] = []): PlanLayer[] {
  return bytes.map((each, index) => ({
    id: `l${index}`,
    parentId: index === 0 ? null : `l${index - 1}`,
    bytes: each,
    holders: (index < bytes.length - 1 ? 1 : 0) + (held[index] ?? (index === bytes.length - 1 ? 1 : 0)),
    isBusy: busy.includes(index),
  }))
}
const ids = (plan: ReturnType<typeof planMerge>) => plan?.map(({ id }) => id)

test('a chain within the bound is left alone', () => {
  assert.equal(planMerge(chain([1, 1, 1, 1]), 4), undefined)
  assert.deepEqual(ids(planMerge(chain([1, 1, 2, 2]), 3)), ['l1', 'l0'])
})

test('the smallest neighbours are merged, as many as are too many', () => {
  assert.deepEqual(ids(planMerge(chain([900, 50, 4, 3, 60]), 4)), ['l3', 'l2'])
  assert.deepEqual(ids(planMerge(chain([900, 50, 4, 3, 60]), 3)), ['l3', 'l2', 'l1'])
  assert.deepEqual(ids(planMerge(chain([900, 50, 4, 3, 60]), 1)), ['l4', 'l3', 'l2', 'l1', 'l0'])
})

test('what several hold stays as it is; it may only be the overlay of what is merged', () => {
  assert.equal(planMerge(chain([9, 9, 9], { 0: 1, 1: 1, 2: 1 }), 1), undefined)
  assert.deepEqual(ids(planMerge(chain([9, 9, 9, 9], { 0: 1, 2: 5, 3: 1 }), 1)), ['l2', 'l1'])
})

test('what a run that is on reaches is not touched', () => {
  assert.equal(planMerge(chain([1, 1, 1, 1], {}, [0, 1, 2, 3]), 2), undefined)
  assert.deepEqual(ids(planMerge(chain([1, 1, 1, 1], {}, [0, 1]), 2)), ['l3', 'l2'])
})

test('in any forest a plan is a piece of a chain, held from above alone, and merging ends with nothing more to do', () => {
  const forest = fc.array(
    fc.record({ parent: fc.nat(), bytes: fc.nat(100), outside: fc.nat({ max: 2 }), isBusy: fc.boolean() }),
    { minLength: 1, maxLength: 25 },
  )
  fc.assert(
    fc.property(forest, fc.integer({ min: 1, max: 6 }), (nodes, bound) => {
      // Mostly chains: a layer stands on the one before, sometimes on any.
      const parentOf = (index: number) =>
        index === 0 ? null : nodes[index]!.parent % 4 === 0 ? nodes[index]!.parent % index : index - 1
      let layers = nodes.map(({ bytes, outside, isBusy }, index): PlanLayer => {
        const children = nodes.filter((_, child) => parentOf(child) === index).length
        const parent = parentOf(index)
        return {
          id: `${index}`,
          parentId: parent === null ? null : `${parent}`,
          bytes,
          holders: children + (children === 0 ? 1 : outside),
          isBusy,
        }
      })
      for (let round = 0; ; round += 1) {
        assert.ok(round < 30)
        const plan = planMerge(layers, bound)
        if (!plan) break
        assert.ok(plan.length > 1)
        for (const [index, layer] of plan.entries()) {
          assert.equal(layer.isBusy, false)
          if (index > 0) assert.deepEqual([plan[index - 1]?.parentId, layer.holders], [layer.id, 1])
        }
        const merged = new Set(plan.map(({ id }) => id))
        const [overlay] = plan
        layers = [
          ...layers
            .filter(({ id }) => !merged.has(id))
            .map((layer) => (layer.parentId === overlay.id ? { ...layer, parentId: `m${round}` } : layer)),
          {
            ...overlay,
            id: `m${round}`,
            parentId: plan.at(-1)?.parentId ?? null,
            bytes: plan.reduce((sum, { bytes }) => sum + bytes, 0),
          },
        ]
      }
    }),
    { numRuns: 500 },
  )
})
