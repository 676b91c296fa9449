import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { User } from '../services.ts'
import { openDatabase } from '../store/database.ts'
import { tokenStore } from '../store/tokens.ts'
import { sessionDays, TokenAuth } from './auth.ts'

const owner: User = { id: 'u1', name: 'owner' }

async function makeAuth() {
  const db = await openDatabase({ file: ':memory:' })
  const { id } = owner
  await db
    .insertInto('users')
    .values({ ...owner, id, created_at: new Date().toISOString() })
    .onConflict((c) => c.doNothing())
    .execute()
  const clock = { now: new Date() }
  const auth = new TokenAuth(tokenStore(db), { owner, now: () => clock.now })
  return { db, auth, clock, [Symbol.asyncDispose]: () => db.destroy() }
}

test('the login token opens sessions that end at logout and by time, and no other token does', async () => {
  await using made = await makeAuth()
  const { auth, clock } = made
  assert.equal(await auth.openSession('wrong'), undefined)
  const [first, second] = [await auth.openSession(auth.loginToken), await auth.openSession(auth.loginToken)]
  assert.ok(first && second)
  assert.notEqual(first.token, second.token)
  assert.deepEqual(await auth.userOf(first.token), owner)
  await auth.closeSession(first.token)
  assert.equal(await auth.userOf(first.token), undefined)
  assert.deepEqual(await auth.userOf(second.token), owner)
  clock.now = new Date(clock.now.getTime() + sessionDays * 24 * 3600 * 1000 + 1)
  assert.equal(await auth.userOf(second.token), undefined)
})

test('the login token is no token of the API, and differs at each start', async () => {
  await using made = await makeAuth()
  await using other = await makeAuth()
  assert.equal(await made.auth.userOf(made.auth.loginToken), undefined)
  assert.notEqual(made.auth.loginToken, other.auth.loginToken)
  assert.match(made.auth.loginToken, /^[\w-]{43}$/)
})

test('an API token does not end by a logout, nor by time', async () => {
  await using made = await makeAuth()
  const { auth, clock } = made
  const token = await auth.issueApiToken(owner, 'cli')
  await auth.closeSession(token)
  clock.now = new Date(clock.now.getTime() + 10 * 365 * 24 * 3600 * 1000)
  assert.deepEqual(await auth.userOf(token), owner)
})

test('the store keeps no token, and forgets sessions that are over', async () => {
  await using made = await makeAuth()
  const { auth, clock, db } = made
  const session = await auth.openSession(auth.loginToken)
  const kept = JSON.stringify(await db.selectFrom('tokens').selectAll().execute())
  assert.ok(session && !kept.includes(session.token))
  clock.now = new Date(clock.now.getTime() + (sessionDays + 1) * 24 * 3600 * 1000)
  await auth.openSession(auth.loginToken)
  assert.equal((await db.selectFrom('tokens').selectAll().execute()).length, 1)
})
