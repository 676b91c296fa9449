import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lineSchema } from '../units/plain-text.ts'
import { defaultRunTitle, savedTitle, subjectOfTitle } from './run-title.ts'

const run = { id: 'f'.repeat(24), title: defaultRunTitle('f'.repeat(24)), playgroundTitle: 'Debian' }

test('what a run with a title is saved as has that title', () => {
  assert.equal(savedTitle({ ...run, title: 'My shop' }), 'My shop')
  assert.equal(subjectOfTitle({ ...run, title: 'My shop' }), 'My shop')
})

test('a run that nobody gave a title is told by its playground, and so is what is saved from it', () => {
  assert.equal(subjectOfTitle(run), 'Debian')
  assert.equal(savedTitle(run), 'Debian, saved')
})

test('a title of any length makes one that a playground may have', () => {
  for (const title of ['a', 'x'.repeat(120), '🚀'.repeat(60), '🚀']) {
    for (const of of [
      { ...run, title },
      { ...run, playgroundTitle: title },
    ])
      lineSchema(5, 120).parse(savedTitle(of))
  }
})
