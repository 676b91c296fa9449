import type { Insertable } from 'kysely'
import { type Db, now } from './database.ts'
import type { PasskeyRow, PasskeyTable } from './schema.ts'
import { type User, userOf } from './users.ts'

/** Oldest first. */
export const listPasskeys = (db: Db, userId: string): Promise<PasskeyRow[]> =>
  db.selectFrom('passkeys').selectAll().where('user_id', '=', userId).orderBy('created_at').orderBy('id').execute()

/** With whom it lets in: nobody whose account is disabled. */
export async function findPasskey(db: Db, id: string): Promise<{ readonly row: PasskeyRow; readonly user: User } | undefined> {
  const row = await db.selectFrom('passkeys').selectAll().where('id', '=', id).executeTakeFirst()
  const user = row && (await db.selectFrom('users').selectAll().where('id', '=', row.user_id).executeTakeFirst())
  return row && user?.disabled_at === null && user.removed_at === null ? { row, user: userOf(user) } : undefined
}

export async function insertPasskey(trx: Db, row: Insertable<PasskeyTable>): Promise<void> {
  await trx.insertInto('passkeys').values(row).execute()
}

/** False: it has come with as high a counter meanwhile. */
export async function notePasskeyUsed(
  db: Db,
  id: string,
  before: number,
  counter: number,
  isBackedUp: boolean,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('passkeys')
    .set({ counter, is_backed_up: isBackedUp ? 1 : 0, used_at: now() })
    .where('id', '=', id)
    .where('counter', '=', before)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

/** False: the user has none of this id. */
export async function renamePasskey(db: Db, userId: string, id: string, name: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('passkeys')
    .set({ name })
    .where('user_id', '=', userId)
    .where('id', '=', id)
    .executeTakeFirst()
  return numUpdatedRows > 0n
}

export const removePasskey = (db: Db, userId: string, id: string): Promise<PasskeyRow | undefined> =>
  db.deleteFrom('passkeys').where('user_id', '=', userId).where('id', '=', id).returningAll().executeTakeFirst()
