import type { Insertable } from 'kysely'
import { type Db, transaction } from './database.ts'
import type { SshKeyRow, SshKeyTable } from './schema.ts'
import { noted, type User, userOf } from './users.ts'

/** Most keys of one user. */
export const mostSshKeys = 100

/** Oldest first. */
export const listSshKeys = (db: Db, userId: string): Promise<SshKeyRow[]> =>
  db.selectFrom('ssh_keys').selectAll().where('user_id', '=', userId).orderBy('created_at').orderBy('id').execute()

/** The user whom a key lets in: nobody whose account is disabled. */
export async function findSshUser(db: Db, fingerprint: string): Promise<User | undefined> {
  const row = await db
    .selectFrom('ssh_keys')
    .innerJoin('users', 'users.id', 'ssh_keys.user_id')
    .select(['users.id', 'users.name', 'users.role', 'users.github'])
    .where('fingerprint', '=', fingerprint)
    .where('users.disabled_at', 'is', null)
    .executeTakeFirst()
  return row && userOf(row)
}

/** `taken`: it belongs to somebody already; `full`: the user has as many as one may have. */
export function insertSshKey(
  db: Db,
  row: Insertable<SshKeyTable>,
  by: Pick<User, 'entry'> = {},
): Promise<'added' | 'taken' | 'full'> {
  return transaction(db, async (trx) => {
    const taken = await trx.selectFrom('ssh_keys').select('id').where('fingerprint', '=', row.fingerprint).executeTakeFirst()
    if (taken) return 'taken'
    if ((await listSshKeys(trx, row.user_id)).length >= mostSshKeys) return 'full'
    await trx.insertInto('ssh_keys').values(row).execute()
    await noted(by, trx, { subject: row.fingerprint, detail: row.name })
    return 'added'
  })
}

/** False: the user has no such key. */
export async function removeSshKey(db: Db, userId: string, id: string): Promise<boolean> {
  const { numDeletedRows } = await db.deleteFrom('ssh_keys').where('user_id', '=', userId).where('id', '=', id).executeTakeFirst()
  return Number(numDeletedRows) > 0
}
