import type { Db } from './database.ts'
import type { TokenRow } from './schema.ts'
import { type User, userOf } from './users.ts'

export interface TokenRecord {
  readonly id: string
  readonly user: User
  readonly kind: 'cli' | 'session'
  readonly name: string
  /** SHA-256 of the token, hex: the token itself is kept nowhere. */
  readonly hash: string
  readonly createdAt: Date
  /** Undefined: until it is removed. */
  readonly expiresAt: Date | undefined
  /** Undefined: it may do all that its user may. */
  readonly scopes?: readonly string[] | undefined
}

/** What authentication needs of the store. */
export interface TokenStore {
  /** Nothing of a user whose account is disabled. */
  find(hash: string): Promise<TokenRecord | undefined>
  /** Of a user's sessions the newest `mostSessions` are kept. */
  add(record: TokenRecord): Promise<void>
  remove(id: string): Promise<void>
  removeExpired(now: Date): Promise<void>
  /** Returns how many there were. `exceptId`: that one stays. */
  removeSessionsOf(userId: string, exceptId?: string): Promise<number>
  /** Newest first. */
  listOf(userId: string): Promise<Omit<TokenRecord, 'user' | 'hash'>[]>
  /** The token of the command line on the server's machine, which never expires, stays. */
  removeOf(userId: string, id: string): Promise<void>
}

/** Browsers that a user is logged in with. One more ends the oldest session: a login is never refused because of others. */
export const mostSessions = 100

async function endOldestSessions(db: Db, userId: string): Promise<void> {
  const sessions = () => db.selectFrom('tokens').select('id').where('user_id', '=', userId).where('kind', '=', 'session')
  const kept = sessions().orderBy('created_at', 'desc').orderBy('id').limit(mostSessions)
  await db.deleteFrom('tokens').where('id', 'in', sessions()).where('id', 'not in', kept).execute()
}

const recordOf = (row: Pick<TokenRow, 'id' | 'kind' | 'name' | 'created_at' | 'expires_at' | 'scopes'>) => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  createdAt: new Date(row.created_at),
  expiresAt: row.expires_at === null ? undefined : new Date(row.expires_at),
  ...(row.scopes === null ? {} : { scopes: JSON.parse(row.scopes) as string[] }),
})

export function tokenStore(db: Db): TokenStore {
  return {
    async find(hash) {
      const row = await db
        .selectFrom('tokens')
        .innerJoin('users', 'users.id', 'tokens.user_id')
        .select([
          'tokens.id',
          'tokens.kind',
          'tokens.name',
          'tokens.hash',
          'tokens.created_at',
          'tokens.expires_at',
          'tokens.scopes',
        ])
        .select(['users.id as user_id', 'users.name as user_name', 'users.role as user_role'])
        .where('tokens.hash', '=', hash)
        .where('users.disabled_at', 'is', null)
        .executeTakeFirst()
      return (
        row && {
          user: userOf({ id: row.user_id, name: row.user_name, role: row.user_role }),
          hash: row.hash,
          ...recordOf(row),
        }
      )
    },
    async add(record) {
      await db
        .insertInto('tokens')
        .values({
          id: record.id,
          user_id: record.user.id,
          kind: record.kind,
          name: record.name,
          hash: record.hash,
          created_at: record.createdAt.toISOString(),
          expires_at: record.expiresAt?.toISOString() ?? null,
          scopes: record.scopes === undefined ? null : JSON.stringify(record.scopes),
        })
        .execute()
      if (record.kind === 'session') await endOldestSessions(db, record.user.id)
    },
    async remove(id) {
      await db.deleteFrom('tokens').where('id', '=', id).execute()
    },
    async removeSessionsOf(userId, exceptId = '') {
      const { numDeletedRows } = await db
        .deleteFrom('tokens')
        .where('user_id', '=', userId)
        .where('kind', '=', 'session')
        .where('id', '!=', exceptId)
        .executeTakeFirst()
      return Number(numDeletedRows)
    },
    async listOf(userId) {
      const rows = await db
        .selectFrom('tokens')
        .select(['id', 'kind', 'name', 'created_at', 'expires_at', 'scopes'])
        .where('user_id', '=', userId)
        .orderBy('created_at', 'desc')
        .orderBy('id')
        .execute()
      return rows.map(recordOf)
    },
    async removeOf(userId, id) {
      await db
        .deleteFrom('tokens')
        .where('user_id', '=', userId)
        .where('id', '=', id)
        .where('expires_at', 'is not', null)
        .execute()
    },
    async removeExpired(now) {
      // Times are all written by toISOString, so that their order as text is their order in time.
      await db.deleteFrom('tokens').where('expires_at', '<', now.toISOString()).execute()
    },
  }
}
