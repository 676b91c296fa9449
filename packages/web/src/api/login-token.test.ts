import assert from 'node:assert/strict'
import test from 'node:test'
import { loginTokenOf } from './login-token.ts'

test('the token is read from the fragment, from a whole link and from itself', () => {
  assert.equal(loginTokenOf('#login=abc-123'), 'abc-123')
  assert.equal(loginTokenOf(' http://127.0.0.1:8420/#login=a%2Fb%3D\n'), 'a/b=')
  assert.equal(loginTokenOf('  abc_123.x '), 'abc_123.x')
})

test('what cannot be a token is none', () => {
  for (const text of ['', 'two words', 'http://127.0.0.1:8420/', '#login=', '#login=%E0%A4%A']) {
    assert.equal(loginTokenOf(text), undefined, text)
  }
})
