import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pathRewriteSchema, rewritePath } from './path-rewrite.ts'

for (const [rule, target, rewritten] of [
  [undefined, '/a?b=/c', '/a?b=/c'],
  ['/app', '/a?b', '/app/a?b'],
  ['/app/', '/', '/app/'],
  ['/', '/a', '/a'],
  ['/from:/to', '/from/x?y', '/to/x?y'],
  ['/from:/to', '/from', '/to'],
  ['/from:/', '/from?x', '/?x'],
  ['/from:/', '/from/x', '/x'],
  ['/from:/to', '/fromage', '/fromage'],
  ['no rule', '/a', '/a'],
] as const) {
  test(`${rule} makes ${target} to ${rewritten}`, () => assert.equal(rewritePath(rule, target), rewritten))
}

for (const rule of ['app', '/a b', '/a\r\nX: y', '/a?b', '/../a', '/a:b', 'http://x/', '/a:/..', '']) {
  test(`${JSON.stringify(rule)} is no rule`, () => assert.equal(pathRewriteSchema.safeParse(rule).success, false))
}
