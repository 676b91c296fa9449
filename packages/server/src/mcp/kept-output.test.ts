import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KeptOutput } from './kept-output.ts'

const kept = (most: number, pieces: readonly string[]) => {
  const output = new KeptOutput(most)
  for (const piece of pieces) output.push(Buffer.from(piece))
  return output.text()
}

test('what is short enough is kept whole, whatever the pieces', () => {
  const text = 'abcdefghij'
  for (const size of [1, 3, 10]) assert.equal(kept(10, text.match(new RegExp(`.{1,${size}}`, 'g')) ?? []), text)
})

test('of what is too long the beginning and the end are kept, and what is left out is counted', () => {
  const text = 'a'.repeat(50) + 'z'.repeat(50)
  for (const size of [1, 7, 100])
    assert.equal(kept(10, text.match(new RegExp(`.{1,${size}}`, 'g')) ?? []), 'aaaaa\n[… 90 bytes left out …]\nzzzzz')
})
