import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readOnce } from './read-once.ts'
import type { RunRecord } from './run-record.ts'
import type { RunStore } from './run-store.ts'

/** Each read brings another record, by its short id. */
function context() {
  let reads = 0
  const store = {
    read: async () => ({ shortId: ++reads }) as RunRecord,
    saveLease: async () => {},
  } as unknown as RunStore
  return readOnce({ store })
}
const idOf = async (store: RunStore) => (await store.read()).shortId

test('a step works on what it looked at last; every further read asks the store', async () => {
  const { looks, works } = context()
  assert.deepEqual([await idOf(looks.store), await idOf(looks.store)], [1, 2])
  assert.deepEqual([await idOf(works.store), await idOf(works.store)], [2, 3])
})

test('what was written since it looked is read', async () => {
  const { looks, works } = context()
  assert.equal(await idOf(looks.store), 1)
  await works.store.saveLease('10.0.0.0/28')
  assert.equal(await idOf(works.store), 2)
})

test('who got the store while the step looked, and reads after it began to work, changes nothing of what the work reads', async () => {
  const { looks, works } = context()
  await idOf(looks.store)
  assert.equal(await idOf(works.store), 1)
  assert.equal(await idOf(looks.store), 2)
  assert.equal(await idOf(works.store), 3)
})

test('a step that did not look reads', async () => {
  assert.equal(await idOf(context().works.store), 1)
})
