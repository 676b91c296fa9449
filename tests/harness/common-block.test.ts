import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { commonBlock } from './common-block.ts'

test('a block that two have in common is found wherever it is, and none where there is none', () => {
  const [one, two] = [randomBytes(4096), randomBytes(4096)]
  assert.equal(commonBlock(one, two), undefined)
  assert.ok(commonBlock(one, Buffer.concat([two, one.subarray(1021, 1052), two])))
})
