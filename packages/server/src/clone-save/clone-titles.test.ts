import assert from 'node:assert/strict'
import { test } from 'node:test'
import { titleSchema } from '@ramet/model/units/names.ts'
import { cloneTitles } from './clone-titles.ts'

const titles = (source: string, count = 1, taken: string[] = [], given?: string) =>
  cloneTitles(source, given, count, new Set([source, ...taken]))

test('clones are numbered from the second on', () => {
  assert.deepEqual(titles('Shop', 3), ['Shop (clone)', 'Shop (clone 2)', 'Shop (clone 3)'])
})

test('titles that are taken are left out, and clones of clones are numbered with their siblings', () => {
  assert.deepEqual(titles('Shop', 2, ['Shop (clone)']), ['Shop (clone 2)', 'Shop (clone 3)'])
  assert.deepEqual(titles('Shop (clone)', 1), ['Shop (clone 2)'])
  assert.deepEqual(titles('Shop (clone 7)', 1), ['Shop (clone)'])
})

test('a title of one’s own is taken as it is, further ones get a number', () => {
  assert.deepEqual(titles('Shop', 1, ['Test'], 'Test'), ['Test'])
  assert.deepEqual(titles('Shop', 3, ['Test 2'], 'Test'), ['Test', 'Test 3', 'Test 4'])
})

test('a long title is cut before its number, and never within a character', () => {
  for (const source of ['x'.repeat(120), '🌱'.repeat(60), `${'y'.repeat(119)} `.slice(0, 120)]) {
    const [first = '', second = ''] = titles(source, 2)
    assert.equal(titleSchema.parse(first), first)
    assert.match(second, / \(clone 2\)$/)
    assert.ok(second.length <= 120 && !/\ud83c(?![\udc00-\udfff])/.test(second), second)
  }
})
