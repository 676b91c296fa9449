import { randomBytes } from 'node:crypto'
import type { ProviderId } from '@ramet/model/api/sign-in.ts'
import type { Insertable } from 'kysely'
import { type Db, now } from './database.ts'
import type { IdentityRow, IdentityTable, UserRow } from './schema.ts'

/** Somebody whom a provider vouches for. Who he is, is `issuer` and `subject` alone: names and addresses pass from one to another. */
export interface Person {
  readonly provider: ProviderId
  readonly issuer: string
  readonly subject: string
  /** As he is called there now. */
  readonly name: string
}

/** The user of a person, also one whose account is disabled. */
export const findUserOfPerson = (db: Db, { issuer, subject }: Pick<Person, 'issuer' | 'subject'>): Promise<UserRow | undefined> =>
  db
    .selectFrom('users')
    .innerJoin('identities', 'identities.user_id', 'users.id')
    .selectAll('users')
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .where('removed_at', 'is', null)
    .executeTakeFirst()

/** Oldest first. */
export const listIdentities = (db: Db, userId: string): Promise<IdentityRow[]> =>
  db.selectFrom('identities').selectAll().where('user_id', '=', userId).orderBy('created_at').orderBy('id').execute()

/** Call it in a transaction in which nobody has this person. */
export async function insertIdentity(trx: Db, userId: string, { provider, issuer, subject, name }: Person): Promise<void> {
  const at = now()
  const row: Insertable<IdentityTable> = {
    id: randomBytes(12).toString('hex'),
    user_id: userId,
    provider,
    issuer,
    subject,
    name,
    created_at: at,
    used_at: at,
  }
  await trx.insertInto('identities').values(row).execute()
  if (provider === 'github') await callOnGithub(trx, userId, name)
}

/** Notes that somebody came by it, and what he is called by now. */
export async function noteIdentityUsed(trx: Db, userId: string, { provider, issuer, subject, name }: Person): Promise<void> {
  await trx
    .updateTable('identities')
    .set({ name, used_at: now() })
    .where('issuer', '=', issuer)
    .where('subject', '=', subject)
    .execute()
  if (provider === 'github') await callOnGithub(trx, userId, name)
}

/** Names on GitHub pass from one to another: whoever has it now is whom lists mean. */
async function callOnGithub(trx: Db, userId: string, name: string): Promise<void> {
  const github = name.toLowerCase()
  await trx.updateTable('users').set({ github: null }).where('github', '=', github).where('id', '!=', userId).execute()
  await trx.updateTable('users').set({ github }).where('id', '=', userId).execute()
}

/** Returns the one that was removed. */
export async function removeIdentity(trx: Db, userId: string, id: string): Promise<IdentityRow | undefined> {
  const row = await trx
    .deleteFrom('identities')
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst()
  if (row?.provider === 'github') await trx.updateTable('users').set({ github: null }).where('id', '=', userId).execute()
  return row
}
