import assert from 'node:assert/strict'
import { test } from 'node:test'
import { clientIds, isRedirect } from './client-ids.ts'

const agent = { name: 'Agent “7”', redirectUris: ['http://127.0.0.1:7777/callback', 'https://agent.example/back?x=1'] }

test('an id is what was registered, for this server alone, and not to be changed', () => {
  const ids = clientIds(Buffer.alloc(32, 1))
  const id = ids.make(agent)
  assert.deepEqual(ids.read(id), agent)
  assert.deepEqual(clientIds(Buffer.alloc(32, 1)).read(id), agent)
  const forged = Buffer.from(JSON.stringify(['x', ['https://evil.example/']])).toString('base64url')
  for (const other of ['', '.', 'x', `${forged}.${id.split('.')[1]}`, `${id}x`, `${forged}.`])
    assert.equal(ids.read(other), undefined)
  assert.equal(clientIds(Buffer.alloc(32, 2)).read(id), undefined)
})

test('codes go to https, or to the computer of the browser', () => {
  for (const good of [...agent.redirectUris, 'http://localhost:1/', 'http://[::1]:7/cb'])
    assert.equal(isRedirect(good), true, good)
  for (const bad of [
    'http://agent.example/',
    'http://127.0.0.1.evil.example/',
    'http://localhost.evil.example/',
    'http://me@localhost/',
    'https://agent.example/#x',
    'javascript:alert(1)',
    'data:text/html,x',
    'vscode://x/y',
    'https://agent.example/ x',
    '/callback',
    '',
  ]) {
    assert.equal(isRedirect(bad), false, bad)
    assert.throws(() => clientIds(Buffer.alloc(32)).make({ name: 'x', redirectUris: [bad] }), { code: 'invalid_redirect_uri' })
  }
})
