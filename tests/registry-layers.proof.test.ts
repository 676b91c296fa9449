import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fuzzLayers } from '@ramet/engine/testing'

const cases = 100_000

test(`${cases} layers, right in most of their structure, are refused with their place or ask for nothing harmful`, async (t) => {
  const firstSeed = Number(process.env.RAMET_SEED ?? Date.now() % 2 ** 31)
  const told = await fuzzLayers(cases, firstSeed)
  t.diagnostic(JSON.stringify({ firstSeed, ...told }))
  assert.equal(told.applied + told.refused, cases)
})
