import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownPath } from './own-path.ts'

for (const text of [
  '/',
  '/runs/abc?tab=1#x',
  '/oauth/authorize?redirect_uri=https%3A%2F%2Felsewhere.example',
  '/%5Celsewhere.example',
]) {
  test(`${text} is a path of this server`, () => assert.equal(ownPath(text), text))
}

for (const text of [
  undefined,
  '',
  'runs',
  '//elsewhere.example',
  '/\\elsewhere.example',
  '/\t/elsewhere.example',
  '/..//elsewhere.example',
  '/.//elsewhere.example',
  'https://elsewhere.example',
  'javascript:alert(1)',
  `/${'x'.repeat(3000)}`,
]) {
  test(`${JSON.stringify(text)?.slice(0, 40)} leads nowhere but home`, () => assert.equal(ownPath(text), '/'))
}
