import assert from 'node:assert/strict'
import { userService } from '../../access/user-service.ts'
import { type AuditPage, countAuditEntry, listAudit, putAuditEntry, trimAudit } from '../../store/audit.ts'
import { type Db, transaction } from '../../store/database.ts'
import { findUserOfPerson, insertIdentity, listIdentities, removeIdentity } from '../../store/identities.ts'
import { insertInvitation, takeInvitation } from '../../store/invitations.ts'
import { findPasskey, insertPasskey, notePasskeyUsed } from '../../store/passkeys.ts'
import type { AuditRow } from '../../store/schema.ts'
import { findSshUser, insertSshKey } from '../../store/ssh-keys.ts'
import { tokenStore } from '../../store/tokens.ts'
import { findUser, findUserById, insertUser, openOwner, updateUser, userOf } from '../../store/users.ts'
import type { MakeStore } from './fresh-store.ts'
import { addPlayground, handles, race, testsOf, world } from './store-world.ts'

const usersOf = (db: Db) =>
  userService(db, tokenStore(db), {
    find: async () => undefined,
    isFresh: async () => true,
    closeSessionsOf: ({ id }) => tokenStore(db).removeSessionsOf(id),
  })
const nobody = {}
const later = () => new Date(Date.now() + 60_000)

/** What rows of people must do, on every store. */
export function accountConformance(kind: string, make: MakeStore): void {
  const it = testsOf(kind, make)

  it('an invitation lets one of eight in who use it at once', async (db, open) => {
    const { id: userId } = await openOwner(db)
    await insertInvitation(db, { hash: 'h', userId, expiresAt: later() })
    const outcomes = await race(open, 2, (handle) => takeInvitation(handle, 'h'))
    const letIn = outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value?.id === userId)
    assert.equal(letIn.length, 1)
    assert.ok(outcomes.every(({ status }) => status === 'fulfilled'))
  })

  it('an invitation ends with its time, and by another one', async (db) => {
    const { id: userId } = await openOwner(db)
    await insertInvitation(db, { hash: 'old', userId, expiresAt: new Date(Date.now() - 1) })
    assert.equal(await takeInvitation(db, 'old'), undefined)
    await insertInvitation(db, { hash: 'first', userId, expiresAt: later() })
    await insertInvitation(db, { hash: 'second', userId, expiresAt: later() })
    assert.equal(await takeInvitation(db, 'first'), undefined)
    assert.equal((await takeInvitation(db, 'second'))?.id, userId)
  })

  it('a name is one user’s, however many make it at once', async (db, open) => {
    const outcomes = await race(open, 1, (handle) => usersOf(handle).create(nobody, { name: 'ann' }))
    assert.equal(outcomes.filter(({ status }) => status === 'fulfilled').length, 1)
    for (const outcome of outcomes) if (outcome.status === 'rejected') assert.equal(outcome.reason.code, 'name_taken')
    assert.equal((await usersOf(db).list()).length, 1)
  })

  it('of admins who take the role from each other at once, one is left', async (db, open) => {
    const names = Array.from({ length: handles }, (_, at) => `admin-${at}`)
    for (const name of names) await usersOf(db).create(nobody, { name, role: 'admin' })
    let next = 0
    const outcomes = await race(open, 1, (handle) => usersOf(handle).change(nobody, names[next++] ?? '', { role: 'member' }))
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    assert.deepEqual(
      refused.map(({ reason }) => reason.code),
      ['last_admin'],
    )
    assert.equal((await usersOf(db).list()).filter(({ role }) => role === 'admin').length, 1)
  })

  it('nothing of a closed account is found by what opens it, and all of it again when it is open', async (db) => {
    await openOwner(db)
    await usersOf(db).create(nobody, { name: 'ann' })
    const user = userOf((await findUser(db, 'ann')) ?? assert.fail())
    const record = { id: 't', user, kind: 'cli', name: 'n', hash: 'token', createdAt: new Date(), expiresAt: undefined } as const
    await tokenStore(db).add(record)
    const key = { id: 'k', user_id: user.id, name: 'n', type: 'ssh-ed25519', fingerprint: 'f', created_at: 'x' }
    await insertSshKey(db, key)
    const found = async () => [(await tokenStore(db).find('token'))?.user.name, (await findSshUser(db, 'f'))?.name]
    assert.deepEqual(await found(), ['ann', 'ann'])
    await usersOf(db).change(nobody, 'ann', { disabled: true })
    assert.deepEqual(await found(), [undefined, undefined])
    assert.equal(await insertSshKey(db, { ...key, id: 'other' }), 'taken', 'the key is hers all the same')
    await usersOf(db).change(nobody, 'ann', { disabled: false })
    assert.deepEqual(await found(), ['ann', 'ann'])
  })

  it('users are listed with what they have, and one who has something is not removed', async (db) => {
    const { user } = await world(db)
    await addPlayground(db, user, 'a-second')
    await usersOf(db).create(nobody, { name: 'ann' })
    assert.deepEqual(
      (await usersOf(db).list()).map(({ name, role, runs, playgrounds }) => [name, role, runs, playgrounds]),
      [
        ['ann', 'member', 0, 0],
        ['owner', 'admin', 1, 2],
      ],
    )
    await usersOf(db).change(nobody, 'ann', { role: 'admin' })
    await assert.rejects(usersOf(db).remove(nobody, 'owner', {}), { code: 'user_has_things' })
    await usersOf(db).remove(nobody, 'ann', {})
    assert.equal(await findUser(db, 'ann'), undefined)
    assert.equal((await usersOf(db).create(nobody, { name: 'ann' })).name, 'ann')
  })
  it('an account elsewhere is one user’s, however many connect it at once, and a name on GitHub is whose it is now', async (db, open) => {
    const users = await Promise.all(['ann', 'bob'].map((name) => insertUser(db, name, 'member')))
    const person = { provider: 'github', issuer: 'https://github.com', subject: '17', name: 'Ann' } as const
    let next = 0
    const outcomes = await race(open, 1, (handle) =>
      transaction(handle, async (trx) => {
        if (!(await findUserOfPerson(trx, person))) await insertIdentity(trx, users[next++ % 2]?.id ?? '', person)
      }),
    )
    assert.ok(outcomes.every(({ status }) => status === 'fulfilled'))
    const first = (await findUserOfPerson(db, person)) ?? assert.fail()
    assert.equal(first.github, 'ann')
    const second = users.find(({ id }) => id !== first.id) ?? assert.fail()
    await insertIdentity(db, second.id, { ...person, subject: '18' })
    assert.deepEqual([(await findUserById(db, first.id))?.github, (await findUserById(db, second.id))?.github], [null, 'ann'])
    const [identity] = await listIdentities(db, second.id)
    assert.equal(await removeIdentity(db, first.id, identity?.id ?? ''), undefined, 'it is not his')
    assert.equal((await removeIdentity(db, second.id, identity?.id ?? ''))?.subject, '18')
    assert.equal((await findUserById(db, second.id))?.github, null)
  })

  it('of answers of a passkey with one counter one is taken; a closed account has none', async (db, open) => {
    const { id: user_id } = await insertUser(db, 'ann', 'member')
    const at = { name: 'laptop', transports: '[]', is_backed_up: 0, created_at: 'x', used_at: null }
    await insertPasskey(db, { id: 'k', user_id, rp_id: 'localhost', public_key: 'p', counter: 4_000_000_000, ...at })
    const outcomes = await race(open, 1, (handle) => notePasskeyUsed(handle, 'k', 4_000_000_000, 4_000_000_001, true))
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled' && outcome.value).length, 1)
    const found = await findPasskey(db, 'k')
    assert.deepEqual([Number(found?.row.counter), found?.row.is_backed_up, found?.user.name], [4_000_000_001, 1, 'ann'])
    await updateUser(db, user_id, { disabled_at: 'x' })
    assert.equal(await findPasskey(db, 'k'), undefined)
  })

  it('the audit log is read newest first, page by page, by whom it concerns, when and what', async (db) => {
    const put = (id: string, row: Partial<AuditRow>) => putAuditEntry(db, { ...entry, id, last_at: `2026-01-0${id}`, ...row })
    await put('1', { action: 'run.start', user_id: 'ann' })
    await put('2', { action: 'run.stop', user_id: 'owner', about_id: 'ann' })
    await put('3', { action: 'sign-in', about_id: 'ann', outcome: 'wrong_password' })
    await put('4', { action: 'run.start', user_id: 'bob' })
    const all: AuditPage = { ofUser: undefined, since: undefined, action: undefined, limit: 9, after: undefined }
    const found = async (page: Partial<AuditPage>) => (await listAudit(db, { ...all, ...page })).map(({ id }) => id).join('')
    assert.deepEqual(
      await Promise.all([{}, { limit: 2 }, { limit: 2, after: '3' }, { ofUser: 'ann' }, { since: '2026-01-03' }].map(found)),
      ['4321', '43', '21', '321', '43'],
    )
    assert.deepEqual(await Promise.all(['run', 'run.start', 'ru', 'sign-in'].map((action) => found({ action }))), [
      '421',
      '41',
      '',
      '3',
    ])
    await put('1', { action: 'run.start', user_id: 'ann', outcome: 'action_refused' })
    await countAuditEntry(db, '1', 4, '2026-01-09')
    const [last] = (await listAudit(db, all)).slice(-1)
    assert.deepEqual([last?.outcome, last?.times, last?.last_at], ['action_refused', 5, '2026-01-09'])
  })

  it('the audit log keeps what is new, and of each person the newest: nobody pushes out what others did', async (db) => {
    const put = (id: string, user_id: string | null, last_at = '2026-02-01') =>
      putAuditEntry(db, { ...entry, id, user_id, last_at })
    await put('00', 'ann', '2025-01-01')
    await put('01', 'ann')
    for (let at = 10; at < 30; at += 1) await put(String(at), at % 2 ? 'bob' : null)
    assert.equal(await trimAudit(db, '2026-01-01', 3), 1 + 7 + 7)
    const page = { ofUser: undefined, since: undefined, action: undefined, limit: 99, after: undefined }
    assert.deepEqual(
      (await listAudit(db, page)).map(({ id }) => id),
      ['29', '28', '27', '26', '25', '24', '01'],
    )
  })
}

const entry: AuditRow = {
  id: '',
  at: '2026-01-01',
  action: 'sign-in',
  user_id: null,
  user_name: null,
  about_id: null,
  via: null,
  address: null,
  subject: null,
  detail: null,
  outcome: 'ok',
  times: 1,
  last_at: '2026-01-01',
}
