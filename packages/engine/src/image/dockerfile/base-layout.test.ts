import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withHistory } from './base-layout.ts'

test('a base image has a history that fits its layers, whatever its own says', () => {
  const config = (history?: unknown) =>
    Buffer.from(JSON.stringify({ os: 'linux', ...(history === undefined ? {} : { history }) }))
  const fitting = config([{ created_by: 'a' }, { empty_layer: true }, {}])
  assert.equal(withHistory(fitting, 2), fitting)
  for (const wrong of [config(), config([]), config('x'), config([{ empty_layer: true }, {}])])
    assert.deepEqual(JSON.parse(withHistory(wrong, 2).toString()), {
      os: 'linux',
      history: [{ created_by: 'unknown' }, { created_by: 'unknown' }],
    })
})
