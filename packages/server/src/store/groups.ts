import { randomBytes } from 'node:crypto'
import { type Db, now } from './database.ts'
import type { GroupLinkRow, GroupRow } from './schema.ts'

/** Ids of the groups that a user is in. */
export async function groupsOf(db: Db, userId: string): Promise<string[]> {
  const rows = await db.selectFrom('group_members').select('group_id').where('user_id', '=', userId).execute()
  return rows.map(({ group_id }) => group_id)
}

export const findGroup = (db: Db, name: string): Promise<GroupRow | undefined> =>
  db.selectFrom('groups').selectAll().where('name', '=', name).executeTakeFirst()

export const groupsOwnedBy = (db: Db, ownerId: string): Promise<GroupRow[]> =>
  db.selectFrom('groups').selectAll().where('owner_id', '=', ownerId).orderBy('name').execute()

/** Whoever owns it is in it. */
export async function setGroupOwner(trx: Db, id: string, ownerId: string): Promise<void> {
  await trx.updateTable('groups').set({ owner_id: ownerId }).where('id', '=', id).execute()
  await insertMember(trx, id, ownerId)
}

export async function countGroups(db: Db, ownerId: string): Promise<number> {
  const row = await db
    .selectFrom('groups')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('owner_id', '=', ownerId)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

/** Its owner is its first member. */
export async function insertGroup(trx: Db, name: string, ownerId: string): Promise<GroupRow> {
  const row: GroupRow = { id: randomBytes(12).toString('hex'), name, owner_id: ownerId, created_at: now(), allowances: null }
  await trx.insertInto('groups').values(row).execute()
  await insertMember(trx, row.id, ownerId)
  return row
}

export async function deleteGroup(trx: Db, id: string): Promise<void> {
  await trx.deleteFrom('groups').where('id', '=', id).execute()
}

/** Whoever is in it already stays as he is. */
export async function insertMember(trx: Db, groupId: string, userId: string): Promise<void> {
  await trx
    .insertInto('group_members')
    .values({ group_id: groupId, user_id: userId, joined_at: now() })
    .onConflict((c) => c.columns(['user_id', 'group_id']).doNothing())
    .execute()
}

/** False: he was not in it. */
export async function deleteMember(trx: Db, groupId: string, userId: string): Promise<boolean> {
  const { numDeletedRows } = await trx
    .deleteFrom('group_members')
    .where('group_id', '=', groupId)
    .where('user_id', '=', userId)
    .executeTakeFirst()
  return Number(numDeletedRows) > 0
}

export interface ListedGroup extends GroupRow {
  readonly owner_name: string
  readonly members: readonly { readonly id: string; readonly name: string; readonly joined_at: string }[]
  readonly links: readonly Pick<GroupLinkRow, 'uses_left' | 'expires_at'>[]
}

/** By name, each with its members by name and its links that are open: of a user those that he owns or is in, or all. */
export async function listGroups(db: Db, { of, id }: { readonly of?: string; readonly id?: string }): Promise<ListedGroup[]> {
  const rows = await db
    .selectFrom('groups')
    .innerJoin('users', 'users.id', 'groups.owner_id')
    .selectAll('groups')
    .select('users.name as owner_name')
    .$if(id !== undefined, (query) => query.where('groups.id', '=', id ?? ''))
    .$if(of !== undefined, (query) =>
      query.where(({ eb, or, selectFrom }) =>
        or([
          eb('groups.owner_id', '=', of ?? ''),
          eb(
            'groups.id',
            'in',
            selectFrom('group_members')
              .select('group_id')
              .where('user_id', '=', of ?? ''),
          ),
        ]),
      ),
    )
    .orderBy('groups.name')
    .execute()
  if (rows.length === 0) return []
  const ids = rows.map((row) => row.id)
  const members = await db
    .selectFrom('group_members')
    .innerJoin('users', 'users.id', 'group_members.user_id')
    .select(['group_id', 'users.id', 'users.name', 'joined_at'])
    .where('group_id', 'in', ids)
    .orderBy('users.name')
    .execute()
  const links = await db
    .selectFrom('group_links')
    .select(['group_id', 'uses_left', 'expires_at'])
    .where('group_id', 'in', ids)
    .where('uses_left', '>', 0)
    .where('expires_at', '>', now())
    .orderBy('expires_at')
    .execute()
  const ofGroup = <T extends { group_id: string }>(all: readonly T[], group: string) =>
    all.filter(({ group_id }) => group_id === group)
  return rows.map((row) => ({ ...row, members: ofGroup(members, row.id), links: ofGroup(links, row.id) }))
}

/** Of a group the `most` that end last are kept. */
export async function insertGroupLink(trx: Db, row: GroupLinkRow, most: number): Promise<void> {
  await trx.insertInto('group_links').values(row).execute()
  const others = await trx
    .selectFrom('group_links')
    .select('hash')
    .where('group_id', '=', row.group_id)
    .where('hash', '!=', row.hash)
    .orderBy('expires_at', 'desc')
    .orderBy('hash')
    .execute()
  const extra = others.slice(most - 1).map(({ hash }) => hash)
  if (extra.length > 0) await trx.deleteFrom('group_links').where('hash', 'in', extra).execute()
}

export async function deleteGroupLinks(trx: Db, groupId: string): Promise<void> {
  await trx.deleteFrom('group_links').where('group_id', '=', groupId).execute()
}

/** The group that a link leads into; undefined when it was used up, has expired or never was, or whoever made it is locked out. */
export const findLinkedGroup = (trx: Db, hash: string): Promise<GroupRow | undefined> =>
  trx
    .selectFrom('group_links')
    .innerJoin('groups', 'groups.id', 'group_links.group_id')
    .innerJoin('users', 'users.id', 'group_links.made_by')
    .selectAll('groups')
    .where('hash', '=', hash)
    .where('uses_left', '>', 0)
    .where('expires_at', '>', now())
    .where('users.disabled_at', 'is', null)
    .executeTakeFirst()

export async function useGroupLink(trx: Db, hash: string): Promise<void> {
  await trx
    .updateTable('group_links')
    .set(({ eb }) => ({ uses_left: eb('uses_left', '-', 1) }))
    .where('hash', '=', hash)
    .execute()
}

/** By id. */
export async function namesOfGroups(db: Db, ids: readonly string[]): Promise<ReadonlyMap<string, string>> {
  if (ids.length === 0) return new Map()
  const rows = await db
    .selectFrom('groups')
    .select(['id', 'name'])
    .where('id', 'in', [...new Set(ids)])
    .execute()
  return new Map(rows.map(({ id, name }) => [id, name]))
}
