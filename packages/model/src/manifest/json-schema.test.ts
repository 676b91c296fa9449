import assert from 'node:assert/strict'
import { test } from 'node:test'
import { manifestJsonSchema } from './json-schema.ts'
import { manifestSchema, manifestSpecSchema } from './manifest.ts'

test('the JSON Schema has every field, and marks unknown ones', () => {
  // As it is printed.
  const schema = JSON.parse(JSON.stringify(manifestJsonSchema()))
  assert.deepEqual(Object.keys(schema.properties), Object.keys(manifestSchema.shape))
  assert.deepEqual(Object.keys(schema.properties.playground.properties), Object.keys(manifestSpecSchema.shape))
  assert.equal(schema.additionalProperties, false)
  assert.deepEqual(schema.required, ['kind', 'title', 'playground'])
})
