import { type Allowances, effectiveAllowances } from '@ramet/model/access/allowances.ts'
import type { Db } from './database.ts'

export const readAllowances = (text: string | null): Allowances => (text === null ? {} : (JSON.parse(text) as Allowances))

const kept = (allowances: Allowances) => (Object.keys(allowances).length === 0 ? null : JSON.stringify(allowances))

export async function setUserAllowances(trx: Db, id: string, allowances: Allowances): Promise<void> {
  await trx
    .updateTable('users')
    .set({ allowances: kept(allowances) })
    .where('id', '=', id)
    .execute()
}

export async function setGroupAllowances(trx: Db, id: string, allowances: Allowances): Promise<void> {
  await trx
    .updateTable('groups')
    .set({ allowances: kept(allowances) })
    .where('id', '=', id)
    .execute()
}

/** What holds for a user now, by himself and by the groups that he is in: one query, since each start asks. */
export async function allowancesOf(db: Db, userId: string): Promise<Allowances> {
  const rows = await db
    .selectFrom('users')
    .select(['allowances', 'id as group_id'])
    .where('id', '=', userId)
    .where('allowances', 'is not', null)
    .unionAll(
      db
        .selectFrom('group_members')
        .innerJoin('groups', 'groups.id', 'group_members.group_id')
        .select(['groups.allowances', 'groups.id as group_id'])
        .where('group_members.user_id', '=', userId)
        .where('groups.allowances', 'is not', null),
    )
    .execute()
  if (rows.length === 0) return {}
  const own = rows.find(({ group_id }) => group_id === userId)
  const groups = rows.filter((row) => row !== own)
  return effectiveAllowances(
    readAllowances(own?.allowances ?? null),
    groups.map(({ allowances }) => readAllowances(allowances)),
  )
}

const minuteAgo = () => new Date(Date.now() - 60_000).toISOString()

/** How often a user, whose starts are counted, started something within the last minute. */
export async function countStarts(db: Db, userId: string): Promise<number> {
  const row = await db
    .selectFrom('recent_starts')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('user_id', '=', userId)
    .where('at', '>', minuteAgo())
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

export async function insertStart(trx: Db, userId: string): Promise<void> {
  await trx.deleteFrom('recent_starts').where('user_id', '=', userId).where('at', '<=', minuteAgo()).execute()
  await trx.insertInto('recent_starts').values({ user_id: userId, at: new Date().toISOString() }).execute()
}
