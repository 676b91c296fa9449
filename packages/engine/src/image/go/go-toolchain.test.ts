import assert from 'node:assert/strict'
import { test } from 'node:test'
import { goRelease } from './go-toolchain.ts'

test('the newest Go is the one that Debian’s meta package depends on', () => {
  assert.equal(goRelease('golang-1.27-go, golang-src (>= 2:1.27~1)'), 'golang-1.27')
  assert.throws(() => goRelease('golang-src (>= 2:1.27~1)'), { code: 'package_not_found' })
})
