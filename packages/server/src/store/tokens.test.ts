import assert from 'node:assert/strict'
import { test } from 'node:test'
import { now, openDatabase } from './database.ts'
import { mostSessions, type TokenRecord, tokenStore } from './tokens.ts'

test('one session too many ends the oldest one, and neither API tokens nor those of others', async () => {
  const db = await openDatabase({ file: ':memory:' })
  const store = tokenStore(db)
  const users = ['ann', 'bob'].map((name) => ({ id: name, name }))
  for (const user of users)
    await db
      .insertInto('users')
      .values({ ...user, created_at: now() })
      .execute()
  const add = (owner: string, kind: TokenRecord['kind'], at: number) =>
    store.add({
      id: `${owner}-${kind}-${at}`,
      user: { id: owner, name: owner },
      kind,
      name: '',
      hash: `${owner}-${kind}-${at}`,
      createdAt: new Date(at),
      expiresAt: undefined,
    })
  await add('ann', 'cli', 0)
  await add('bob', 'session', 0)
  for (let at = 1; at <= mostSessions; at += 1) await add('ann', 'session', at)
  assert.ok(await store.find('ann-session-1'))
  await add('ann', 'session', mostSessions + 1)
  assert.equal(await store.find('ann-session-1'), undefined)
  for (const hash of ['ann-session-2', `ann-session-${mostSessions + 1}`, 'ann-cli-0', 'bob-session-0']) {
    assert.ok(await store.find(hash), hash)
  }
  await db.destroy()
})
