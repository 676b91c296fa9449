import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Item, shares } from './shares.ts'

test('what one owner alone reaches is exclusive, what several do is shared, each counted once', () => {
  const items = new Map<string, Item>([
    ['image', { bytes: 100, on: [] }],
    ['a', { bytes: 10, on: ['image'] }],
    ['b', { bytes: 1, on: ['a'] }],
    ['lost', { bytes: 1000, on: [] }],
  ])
  const holds = new Map([
    ['debian', ['image']],
    ['run', ['b', 'b', 'a']],
    ['clone', ['a', 'gone']],
    ['empty', []],
  ])
  assert.deepEqual(shares(items, holds), {
    byOwner: new Map([
      ['debian', { exclusiveBytes: 0, sharedBytes: 100 }],
      ['run', { exclusiveBytes: 1, sharedBytes: 110 }],
      ['clone', { exclusiveBytes: 0, sharedBytes: 110 }],
      ['empty', { exclusiveBytes: 0, sharedBytes: 0 }],
    ]),
    exclusiveBytes: 1,
    sharedBytes: 110,
    unheldBytes: 1000,
  })
})

/** Items stand on earlier ones only; holds are any. */
const world = fc.nat({ max: 12 }).chain((count) =>
  fc.record({
    items: fc.tuple(
      ...Array.from({ length: count }, (_, index) =>
        fc.record({
          bytes: fc.nat(1000),
          on: fc.array(fc.nat({ max: Math.max(0, index - 1) }), { maxLength: index === 0 ? 0 : 2 }),
        }),
      ),
    ),
    holds: fc.array(fc.array(fc.nat({ max: 14 }), { maxLength: 4 }), { maxLength: 5 }),
  }),
)

test('exclusive is what going without the owner would free, shared is the rest of what it needs, and all adds up', () => {
  fc.assert(
    fc.property(world, ({ items, holds }) => {
      const byId = new Map(items.map(({ bytes, on }, id) => [String(id), { bytes, on: on.map(String) }]))
      const owners = new Map(holds.map((held, owner) => [String(owner), held.map(String)]))
      /** Bytes still needed, found by marking until nothing changes. */
      const needed = (without?: string) => {
        const marked = new Set(
          [...owners].flatMap(([owner, held]) => (owner === without ? [] : held)).filter((id) => byId.has(id)),
        )
        for (let before = -1; before !== marked.size; ) {
          before = marked.size
          for (const [id, { on }] of byId) if (marked.has(id)) for (const below of on) marked.add(below)
        }
        return [...marked].reduce((sum, id) => sum + (byId.get(id)?.bytes ?? 0), 0)
      }
      const found = shares(byId, owners)
      for (const [owner, held] of owners) {
        const share = found.byOwner.get(owner)
        assert.equal(share?.exclusiveBytes, needed() - needed(owner))
        const alone = shares(byId, new Map([[owner, held]]))
        assert.equal((share?.exclusiveBytes ?? 0) + (share?.sharedBytes ?? 0), alone.exclusiveBytes)
      }
      const all = [...byId.values()].reduce((sum, { bytes }) => sum + bytes, 0)
      assert.equal(found.exclusiveBytes + found.sharedBytes + found.unheldBytes, all)
      assert.equal(
        found.exclusiveBytes,
        [...found.byOwner.values()].reduce((sum, { exclusiveBytes }) => sum + exclusiveBytes, 0),
      )
    }),
  )
})
