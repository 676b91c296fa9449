import { randomBytes } from 'node:crypto'
import { type Db, now, transaction } from './database.ts'

export interface User {
  readonly id: string
  readonly name: string
  /** Of the token by which he came; absent: it may do all that he may. */
  readonly scopes?: readonly string[] | undefined
}

export async function readRegion(db: Db, id: string): Promise<string | undefined> {
  const row = await db.selectFrom('users').select('region').where('id', '=', id).executeTakeFirst()
  return row?.region ?? undefined
}

export async function saveRegion(db: Db, id: string, region: string): Promise<void> {
  await db.updateTable('users').set({ region }).where('id', '=', id).execute()
}

/** The one user of this version, made at the first start. Sharing between users comes later; ownership is there from the first day. */
export function openOwner(db: Db): Promise<User> {
  return transaction(db, async (trx) => {
    const found = await trx.selectFrom('users').select(['id', 'name']).orderBy('created_at').executeTakeFirst()
    if (found) return found
    const user = { id: randomBytes(12).toString('hex'), name: 'owner' }
    await trx
      .insertInto('users')
      .values({ ...user, created_at: now() })
      .execute()
    return user
  })
}
