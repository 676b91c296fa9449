import type { Role } from '@ramet/model/api/users.ts'
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
  /** When a browser was logged in by a link, in which this has its beginning. */
  readonly loggedInAt?: Date | undefined
  /** Set for an agent that was let in by OAuth, whose token is renewed until `expiresAt`. */
  readonly agent?: AgentLogin | undefined
}

export interface AgentLogin {
  /** SHA-256 of the client's id, hex. */
  readonly client: string
  /** When the token itself is no longer good. */
  readonly freshUntil: Date
  /** SHA-256 of what renews it, hex. */
  readonly refreshHash: string
}

/** What authentication needs of the store. */
export interface TokenStore {
  /** Nothing of a user whose account is disabled. */
  find(hash: string): Promise<TokenRecord | undefined>
  /** By what renews an agent's token, also by what did so before. */
  findRefresh(hash: string): Promise<TokenRecord | undefined>
  /** Gives an agent another token. False when it was renewed by somebody else meanwhile. */
  renew(id: string, refreshHash: string, next: RenewedToken): Promise<boolean>
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

export interface RenewedToken extends Pick<AgentLogin, 'freshUntil' | 'refreshHash'> {
  readonly hash: string
  readonly scopes: readonly string[]
}

/** Browsers that a user is logged in with. One more ends the oldest session: a login is never refused because of others. */
export const mostSessions = 100

async function endOldestSessions(db: Db, userId: string): Promise<void> {
  const sessions = () => db.selectFrom('tokens').select('id').where('user_id', '=', userId).where('kind', '=', 'session')
  const kept = sessions().orderBy('created_at', 'desc').orderBy('id').limit(mostSessions)
  await db.deleteFrom('tokens').where('id', 'in', sessions()).where('id', 'not in', kept).execute()
}

const recorded = [
  'tokens.id',
  'tokens.kind',
  'tokens.name',
  'tokens.created_at',
  'tokens.expires_at',
  'tokens.scopes',
  'tokens.agent_client',
  'tokens.fresh_until',
  'tokens.refresh_hash',
  'tokens.logged_in_at',
] as const

type RecordedRow = Pick<
  TokenRow,
  | 'id'
  | 'kind'
  | 'name'
  | 'created_at'
  | 'expires_at'
  | 'scopes'
  | 'agent_client'
  | 'fresh_until'
  | 'refresh_hash'
  | 'logged_in_at'
>

const recordOf = (row: RecordedRow) => ({
  id: row.id,
  kind: row.kind,
  name: row.name,
  createdAt: new Date(row.created_at),
  expiresAt: row.expires_at === null ? undefined : new Date(row.expires_at),
  ...(row.scopes === null ? {} : { scopes: JSON.parse(row.scopes) as string[] }),
  ...(row.logged_in_at === null ? {} : { loggedInAt: new Date(row.logged_in_at) }),
  ...(row.agent_client === null ? {} : { agent: agentOf(row, row.agent_client) }),
})

const agentOf = ({ fresh_until, refresh_hash }: RecordedRow, client: string): AgentLogin => ({
  client,
  freshUntil: new Date(fresh_until ?? 0),
  refreshHash: refresh_hash ?? '',
})

/** Token and user of one row: nothing of a user whose account is disabled. */
const withUser = (db: Db) =>
  db
    .selectFrom('tokens')
    .innerJoin('users', 'users.id', 'tokens.user_id')
    .select([
      ...recorded,
      'tokens.hash',
      'users.id as user_id',
      'users.name as user_name',
      'users.role as user_role',
      'users.github as user_github',
    ])
    .where('users.disabled_at', 'is', null)
type RowWithUser = RecordedRow & {
  readonly hash: string
  readonly user_id: string
  readonly user_name: string
  readonly user_role: Role
  readonly user_github: string | null
}

const recordWithUser = (row: RowWithUser | undefined): TokenRecord | undefined =>
  row && {
    user: userOf({ id: row.user_id, name: row.user_name, role: row.user_role, github: row.user_github }),
    hash: row.hash,
    ...recordOf(row),
  }

export function tokenStore(db: Db): TokenStore {
  return {
    find: async (hash) => recordWithUser(await withUser(db).where('tokens.hash', '=', hash).executeTakeFirst()),
    async findRefresh(hash) {
      const found = await withUser(db)
        .where((e) => e.or([e('tokens.refresh_hash', '=', hash), e('tokens.spent_refresh_hash', '=', hash)]))
        .executeTakeFirst()
      return recordWithUser(found)
    },
    async renew(id, refreshHash, next) {
      const { numUpdatedRows } = await db
        .updateTable('tokens')
        .set({
          hash: next.hash,
          scopes: JSON.stringify(next.scopes),
          fresh_until: next.freshUntil.toISOString(),
          refresh_hash: next.refreshHash,
          spent_refresh_hash: refreshHash,
        })
        .where('id', '=', id)
        .where('refresh_hash', '=', refreshHash)
        .executeTakeFirst()
      return numUpdatedRows > 0n
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
          agent_client: record.agent?.client ?? null,
          fresh_until: record.agent?.freshUntil.toISOString() ?? null,
          refresh_hash: record.agent?.refreshHash ?? null,
          spent_refresh_hash: null,
          logged_in_at: record.loggedInAt?.toISOString() ?? null,
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
        .select(recorded)
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
