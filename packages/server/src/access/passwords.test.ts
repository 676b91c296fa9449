import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashPassword, isPassword } from './passwords.ts'

test('a password is known by its hash, in whatever form its letters are written, and no other is', async () => {
  const kept = await hashPassword('caf\u00e9 au lait')
  assert.match(kept, /^scrypt:32768:8:3:[\w+/=]{24}:[\w+/=]{44}$/)
  assert.equal(await isPassword('cafe\u0301 au lait', kept), true)
  assert.equal(await isPassword('cafe au lait', kept), false)
  assert.equal(await isPassword('', kept), false)
})

test('where there is no password nothing is right', async () => {
  assert.equal(await isPassword('', undefined), false)
  assert.equal(await isPassword('anything', undefined), false)
})

test('the same password has another hash each time', async () => {
  assert.notEqual(await hashPassword('the same, twice'), await hashPassword('the same, twice'))
})
