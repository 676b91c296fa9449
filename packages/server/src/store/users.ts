import { randomBytes } from 'node:crypto'
import { type Db, now } from './database.ts'

export interface User {
  readonly id: string
  readonly name: string
}

/** The one user of this version, made at the first start. Sharing between users comes later; ownership is there from the first day. */
export async function openOwner(db: Db): Promise<User> {
  const found = await db.selectFrom('users').select(['id', 'name']).orderBy('created_at').executeTakeFirst()
  if (found) return found
  const user = { id: randomBytes(12).toString('hex'), name: 'owner' }
  await db
    .insertInto('users')
    .values({ ...user, created_at: now() })
    .execute()
  return user
}
