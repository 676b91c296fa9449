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
  const auth = new TokenAuth(tokenStore(db), { now: () => clock.now })
  return { db, auth, clock, [Symbol.asyncDispose]: () => db.destroy() }
}

test('a login link opens one session, which ends at logout or by time', async () => {
  await using made = await makeAuth()
  const { auth, clock } = made
  assert.equal(await auth.openSession('wrong'), undefined)
  const link = auth.makeLink(owner)
  const [first, again] = [await auth.openSession(link.token), await auth.openSession(link.token)]
  const second = await auth.openSession(auth.makeLink(owner).token)
  assert.ok(first && second)
  assert.equal(again, undefined)
  assert.notEqual(first.token, second.token)
  assert.equal((await auth.userOf(first.token))?.id, owner.id)
  await auth.closeSession(first.token)
  assert.equal(await auth.userOf(first.token), undefined)
  assert.equal((await auth.userOf(second.token))?.id, owner.id)
  clock.now = new Date(clock.now.getTime() + sessionDays * 24 * 3600 * 1000 + 1)
  assert.equal(await auth.userOf(second.token), undefined)
})

test('of two who open the same link at once, one is logged in', async () => {
  await using made = await makeAuth()
  const { token } = made.auth.makeLink(owner)
  const sessions = await Promise.all([made.auth.openSession(token), made.auth.openSession(token)])
  assert.equal(sessions.filter(Boolean).length, 1)
})

test('a link is no token of the API, and is good at the server alone that made it', async () => {
  await using made = await makeAuth()
  await using other = await makeAuth()
  const { token } = made.auth.makeLink(owner)
  assert.equal(await made.auth.userOf(token), undefined)
  assert.equal(await other.auth.openSession(token), undefined)
})

test('API tokens make links for their user, and sessions make none', async () => {
  await using made = await makeAuth()
  const { auth } = made
  const link = await auth.makeLinkFor(await auth.issueApiToken(owner, 'cli'))
  const session = link && (await auth.openSession(link.token))
  assert.deepEqual(session?.user, owner)
  for (const token of [session?.token ?? '', auth.makeLink(owner).token, 'wrong'])
    assert.equal(await auth.makeLinkFor(token), undefined)
})

test('an API token does not end by a logout, nor by time', async () => {
  await using made = await makeAuth()
  const { auth, clock } = made
  const token = await auth.issueApiToken(owner, 'cli')
  await auth.closeSession(token)
  clock.now = new Date(clock.now.getTime() + 10 * 365 * 24 * 3600 * 1000)
  assert.equal((await auth.userOf(token))?.id, owner.id)
})

test('all sessions of a user end at once, with the open links; API tokens and those of others go on', async () => {
  await using made = await makeAuth()
  const { auth, db } = made
  const other: User = { id: 'u2', name: 'other' }
  await db
    .insertInto('users')
    .values({ ...other, created_at: new Date().toISOString() })
    .execute()
  const [mine, again, theirs] = [
    await auth.openSession(auth.makeLink(owner).token),
    await auth.openSession(auth.makeLink(owner).token),
    await auth.openSession(auth.makeLink(other).token),
  ]
  const [api, link] = [await auth.issueApiToken(owner, 'cli'), auth.makeLink(owner)]
  assert.equal(await auth.closeSessionsOf(owner), 2)
  for (const session of [mine, again]) assert.equal(await auth.userOf(session?.token ?? ''), undefined)
  assert.equal(await auth.openSession(link.token), undefined)
  assert.deepEqual([(await auth.userOf(api))?.id, (await auth.userOf(theirs?.token ?? ''))?.id], [owner.id, other.id])
})

test('the store keeps no token, and forgets sessions that are over', async () => {
  await using made = await makeAuth()
  const { auth, clock, db } = made
  const link = auth.makeLink(owner)
  const session = await auth.openSession(link.token)
  const kept = JSON.stringify(await db.selectFrom('tokens').selectAll().execute())
  assert.ok(session && !kept.includes(session.token) && !kept.includes(link.token))
  clock.now = new Date(clock.now.getTime() + (sessionDays + 1) * 24 * 3600 * 1000)
  await auth.openSession(auth.makeLink(owner).token)
  assert.equal((await db.selectFrom('tokens').selectAll().execute()).length, 1)
})
