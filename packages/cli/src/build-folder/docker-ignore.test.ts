import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ignored } from './docker-ignore.ts'

test('the last line that means a path or a folder above it decides', () => {
  const { isIgnored, hasExceptions } = ignored(`# a comment
/node_modules/
**/*.log
!kept.log
*/temp?
docs/**/secret[0-9]
a.b
!a.b/c
[z-a]
`)
  const paths = [
    ['node_modules', true],
    ['node_modules/x/y', true],
    ['sub/node_modules', false],
    ['x.log', true],
    ['deep/er/x.log', true],
    ['kept.log', false],
    ['sub/kept.log', true],
    ['sub/temp1', true],
    ['temp1', false],
    ['sub/deep/temp1', false],
    ['docs/secret1', true],
    ['docs/a/b/secret2/x', true],
    ['docs/secretx', false],
    ['aXb', false],
    ['a.b/d', true],
    ['a.b/c', false],
    ['other', false],
  ] as const
  for (const [path, expected] of paths) assert.equal(isIgnored(path), expected, path)
  assert.equal(hasExceptions, true)
  assert.equal(ignored('').isIgnored('a'), false)
  assert.equal(ignored('**').isIgnored('a/b'), true)
})
