import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { User } from '../services.ts'
import { openDatabase } from '../store/database.ts'
import { tokenStore } from '../store/tokens.ts'
import { accountService } from './account-service.ts'
import { TokenAuth } from './auth.ts'

const owner: User = { id: 'u1', name: 'owner' }
const dayMs = 24 * 3600_000

async function made() {
  const db = await openDatabase({ file: ':memory:' })
  await db
    .insertInto('users')
    .values({ ...owner, created_at: new Date().toISOString() })
    .execute()
  const clock = { now: new Date() }
  const store = tokenStore(db)
  const auth = new TokenAuth(store, { now: () => clock.now })
  const accounts = accountService(db, store, auth, () => clock.now)
  const session = async () => (await auth.openSession(auth.makeLink(owner).token))?.token ?? ''
  return {
    auth,
    accounts,
    clock,
    session,
    later: (ms: number) => (clock.now = new Date(clock.now.getTime() + ms)),
    [Symbol.asyncDispose]: () => db.destroy(),
  }
}

test('what a session lets in or makes ends with it at the latest, and with all sessions', async () => {
  await using world = await made()
  const { auth, accounts } = world
  const browser = await world.session()
  world.later(29 * dayMs)
  const program = accounts.beginSession('192.0.2.1')
  assert.equal(await accounts.userOfSession(program.id, program.token), null)
  assert.equal(await accounts.admit(program.id, browser), true)
  assert.equal(await accounts.admit(program.id, browser), false)
  const { accessToken } = await accounts.makeToken(program.token, { name: 'mcp', scope: ['playground:read'], expiresInDays: 90 })
  assert.equal((await auth.userOf(program.token))?.id, owner.id)
  assert.deepEqual(await auth.userOf(accessToken), { ...owner, via: 'mcp', scopes: ['playground:read'] })
  world.later(2 * dayMs)
  assert.deepEqual([await auth.userOf(program.token), await auth.userOf(accessToken)], [undefined, undefined])

  const again = accounts.beginSession('192.0.2.1')
  await accounts.admit(again.id, await world.session())
  await auth.closeSessionsOf(owner)
  assert.equal(await auth.userOf(again.token), undefined)
})

test('what would outlive a session wants a login of the last ten minutes, also by what the session lets in or makes; API tokens do not', async () => {
  await using world = await made()
  const { auth, accounts } = world
  const browser = await world.session()
  assert.equal(await auth.isFresh(browser), true)
  world.later(11 * 60_000)
  const program = accounts.beginSession('192.0.2.1')
  await accounts.admit(program.id, browser)
  const { accessToken } = await accounts.makeToken(browser, { name: 'x', scope: undefined, expiresInDays: 1 })
  for (const token of [browser, program.token, accessToken, 'none']) assert.equal(await auth.isFresh(token), false)
  assert.equal(await auth.isFresh(await world.session()), true)
  assert.equal(await auth.isFresh(await auth.issueApiToken(owner, 'cli')), true)
})

test('a token with scopes makes neither tokens nor links, and lets nobody in', async () => {
  await using world = await made()
  const { auth, accounts } = world
  const api = await auth.issueApiToken(owner, 'cli')
  const { accessToken } = await accounts.makeToken(api, { name: 'x', scope: ['account:write'], expiresInDays: 1 })
  await assert.rejects(accounts.makeToken(accessToken, { name: 'y', scope: undefined, expiresInDays: 1 }), {
    code: 'insufficient_scope',
  })
  const program = accounts.beginSession('192.0.2.1')
  await assert.rejects(accounts.admit(program.id, accessToken), { code: 'insufficient_scope' })
  assert.equal(await auth.makeLinkFor(accessToken), undefined)
})

test('the token of the command line on the server’s machine is listed and stays', async () => {
  await using world = await made()
  const { auth, accounts } = world
  const api = await auth.issueApiToken(owner, 'cli on this machine')
  const { id } = await accounts.makeToken(api, { name: 'x', scope: null, expiresInDays: 1 })
  const listed = await accounts.credentials(owner, api)
  assert.deepEqual(listed.map(({ kind, isCurrent }) => [kind, isCurrent]).toSorted(), [
    ['cli', true],
    ['token', false],
  ])
  for (const each of listed) await accounts.endCredential(owner, each.id)
  assert.deepEqual(
    (await accounts.credentials(owner, api)).map(({ kind }) => kind),
    ['cli'],
  )
  assert.notEqual(id, '')
})

test('programs that wait are bounded, and wait for ten minutes', async () => {
  await using world = await made()
  const { accounts } = world
  const [first] = Array.from({ length: 20 }, () => accounts.beginSession('192.0.2.1'))
  assert.throws(() => accounts.beginSession('192.0.2.1'), { code: 'too_many_pending_sessions', status: 429 })
  assert.ok(accounts.beginSession('192.0.2.2'))
  world.later(11 * 60_000)
  assert.ok(accounts.beginSession('192.0.2.1'))
  assert.equal(await accounts.userOfSession(first?.id ?? '', first?.token ?? ''), undefined)
})
