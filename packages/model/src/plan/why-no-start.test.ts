import assert from 'node:assert/strict'
import { test } from 'node:test'
import { whyNoStart } from './why-no-start.ts'

test('a start builds by itself what costs little, and of the rest takes what is here or under way', () => {
  for (const state of ['absent', 'failed', 'building', 'ready'] as const)
    assert.equal(whyNoStart({ name: 'x', state }), undefined)
  const costly = (state: 'absent' | 'failed' | 'building' | 'ready') =>
    whyNoStart({ name: 'x', state, costs: 'It takes a day.' })?.code
  assert.deepEqual([costly('building'), costly('ready')], [undefined, undefined])
  assert.deepEqual([costly('absent'), costly('failed')], ['image_not_built', 'image_not_built'])
})
