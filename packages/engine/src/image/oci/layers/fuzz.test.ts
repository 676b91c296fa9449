import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzLayers } from '../../../testing/registry/fuzz-layers.ts'

test('two thousand layers, right in most of their structure, are refused with their place or ask for nothing harmful', async () => {
  const { applied, refused, records } = await fuzzLayers(2000, 1)
  // A fuzzer of which all is refused at the first byte tests nothing.
  assert.ok(applied > 200 && refused > 200 && records > 1000, JSON.stringify({ applied, refused, records }))
})
