import { randomBytes } from 'node:crypto'
import type { Role } from '@ramet/model/api/users.ts'
import { type Db, now, transaction } from './database.ts'
import type { UserRow } from './schema.ts'

export interface User {
  readonly id: string
  readonly name: string
  /** Absent: he is a member. */
  readonly isAdmin?: boolean | undefined
  /** Ids of the groups that he is in, where they matter (`access/membership.ts`). */
  readonly groups?: readonly string[] | undefined
  /** His name on GitHub, in small letters. */
  readonly github?: string | undefined
  /** Of the token by which he came; absent: it may do all that he may. */
  readonly scopes?: readonly string[] | undefined
  /** What he came by: the name of a token or a session. */
  readonly via?: string | undefined
  /** What the audit log will tell of what he asks for. Whoever does it in a transaction writes it there (`noted`); else it is written once it is done. */
  readonly entry?: Noted | undefined
}

export interface Noted {
  write(trx: Db, about?: About): Promise<void>
}

export interface About {
  /** What something was done to. */
  readonly subject?: string | undefined
  readonly detail?: string | undefined
  /** Id of another user whom it concerns. */
  readonly aboutId?: string | undefined
}

/** Writes to the audit log, in the transaction that does it, what a user does. */
export const noted = async ({ entry }: Pick<User, 'entry'>, trx: Db, about?: About): Promise<void> => entry?.write(trx, about)

export const userOf = ({
  id,
  name,
  role,
  github = null,
}: Pick<UserRow, 'id' | 'name' | 'role'> & Partial<Pick<UserRow, 'github'>>): User => ({
  id,
  name,
  ...(github === null ? {} : { github }),
  ...(role === 'admin' ? { isAdmin: true } : {}),
})

export async function saveRegion(db: Db, id: string, region: string): Promise<void> {
  await db.updateTable('users').set({ region }).where('id', '=', id).execute()
}

/** The first admin; made at the first start of a server. */
export function openOwner(db: Db): Promise<User> {
  return transaction(db, async (trx) => {
    const found = await trx
      .selectFrom('users')
      .selectAll()
      .where('role', '=', 'admin')
      .where('disabled_at', 'is', null)
      .where('removed_at', 'is', null)
      .orderBy('created_at')
      .executeTakeFirst()
    return userOf(found ?? (await insertUser(trx, 'owner', 'admin')))
  })
}

export async function insertUser(trx: Db, name: string, role: Role): Promise<UserRow> {
  return trx
    .insertInto('users')
    .values({ id: randomBytes(12).toString('hex'), name, role, created_at: now() })
    .returningAll()
    .executeTakeFirstOrThrow()
}

/** One that has not been removed. */
export const findUser = (db: Db, name: string): Promise<UserRow | undefined> =>
  db.selectFrom('users').selectAll().where('name', '=', name).where('removed_at', 'is', null).executeTakeFirst()

export const findUserById = (db: Db, id: string): Promise<UserRow | undefined> =>
  db.selectFrom('users').selectAll().where('id', '=', id).where('removed_at', 'is', null).executeTakeFirst()

export interface ListedUser extends UserRow {
  readonly invited_until: string | null
  readonly runs: number
  readonly playgrounds: number
}

/** Those that have not been removed, by name, with what each has; `id`: that one alone. */
export async function listUsers(db: Db, id?: string): Promise<ListedUser[]> {
  const rows = await db
    .selectFrom('users')
    .selectAll()
    .where('removed_at', 'is', null)
    .$if(id !== undefined, (query) => query.where('users.id', '=', id ?? ''))
    .select((of) => [
      of
        .selectFrom('invitations')
        .select(({ fn }) => fn.max<string | null>('expires_at').as('until'))
        .whereRef('invitations.user_id', '=', 'users.id')
        .where('expires_at', '>', now())
        .as('invited_until'),
      of
        .selectFrom('runs')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .whereRef('runs.owner_id', '=', 'users.id')
        .where('purpose', '=', 'user')
        .where('state', '!=', 'DESTROYED')
        .as('runs'),
      of
        .selectFrom('playgrounds')
        .select(({ fn }) => fn.countAll<number>().as('count'))
        .whereRef('playgrounds.owner_id', '=', 'users.id')
        .where('playgrounds.removed_at', 'is', null)
        .as('playgrounds'),
    ])
    .orderBy('name')
    .execute()
  return rows.map((row) => ({ ...row, runs: Number(row.runs), playgrounds: Number(row.playgrounds) }))
}

/** True when somebody else may manage the server too. */
export async function hasOtherAdmin(trx: Db, id: string): Promise<boolean> {
  const row = await trx
    .selectFrom('users')
    .select('id')
    .where('role', '=', 'admin')
    .where('disabled_at', 'is', null)
    .where('removed_at', 'is', null)
    .where('id', '!=', id)
    .limit(1)
    .executeTakeFirst()
  return row !== undefined
}

export async function updateUser(
  trx: Db,
  id: string,
  values: Partial<Pick<UserRow, 'role' | 'password' | 'disabled_at'>>,
): Promise<void> {
  if (Object.keys(values).length === 0) return
  await trx.updateTable('users').set(values).where('id', '=', id).execute()
}

/** Takes a user out of sight with all that opened anything. The row stays, since rows of what was his name it; the name is free again. */
export async function markUserRemoved(trx: Db, { id, name }: Pick<UserRow, 'id' | 'name'>): Promise<void> {
  for (const table of ['tokens', 'ssh_keys', 'invitations', 'group_members', 'identities', 'passkeys'] as const)
    await trx.deleteFrom(table).where('user_id', '=', id).execute()
  await trx
    .updateTable('users')
    .set({ name: `${name}~${id}`, removed_at: now(), password: null, github: null })
    .where('id', '=', id)
    .execute()
}

/** By id. */
export async function namesOfUsers(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('users')
    .select(['id', 'name'])
    .where('id', 'in', [...new Set(ids)])
    .execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}
