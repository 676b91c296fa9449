import type { Insertable } from 'kysely'
import { type Db, now } from './database.ts'
import type { PlaygroundRow, PlaygroundTable } from './schema.ts'

/** Playgrounds that have not been removed, oldest first. */
export async function listPlaygrounds(db: Db): Promise<PlaygroundRow[]> {
  return db.selectFrom('playgrounds').selectAll().where('removed_at', 'is', null).orderBy('created_at').orderBy('name').execute()
}

/** How many playgrounds of a user have not been removed. */
export async function countPlaygrounds(db: Db, ownerId: string): Promise<number> {
  const row = await db
    .selectFrom('playgrounds')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('owner_id', '=', ownerId)
    .where('removed_at', 'is', null)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

/** A user's, that have not been removed. */
export const playgroundsOf = (db: Db, ownerId: string): Promise<PlaygroundRow[]> =>
  db.selectFrom('playgrounds').selectAll().where('owner_id', '=', ownerId).where('removed_at', 'is', null).execute()

export async function findPlayground(db: Db, name: string): Promise<PlaygroundRow | undefined> {
  return db.selectFrom('playgrounds').selectAll().where('name', '=', name).where('removed_at', 'is', null).executeTakeFirst()
}

/** Removed or not. */
export async function findPlaygroundById(db: Db, id: string): Promise<PlaygroundRow | undefined> {
  return db.selectFrom('playgrounds').selectAll().where('id', '=', id).executeTakeFirst()
}

/** All that ever had the name, newest first. At most one of them has not been removed. */
export async function playgroundsNamed(db: Db, name: string): Promise<PlaygroundRow[]> {
  return db.selectFrom('playgrounds').selectAll().where('name', '=', name).orderBy('created_at', 'desc').execute()
}

/** Names of playgrounds that have this one for their base and have not been removed. */
export async function playgroundsOnBase(db: Db, baseId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('playgrounds')
    .select('name')
    .where('base_id', '=', baseId)
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute()
  return rows.map(({ name }) => name)
}

export async function insertPlayground(db: Db, row: Insertable<PlaygroundTable>): Promise<void> {
  await db.insertInto('playgrounds').values(row).execute()
}

export async function updatePlayground(db: Db, id: string, values: Partial<Insertable<PlaygroundTable>>): Promise<void> {
  await db
    .updateTable('playgrounds')
    .set({ ...values, updated_at: now() })
    .where('id', '=', id)
    .execute()
}

/** Takes a playground out of sight. Its row stays, since runs and playgrounds made from it name it; its hold on layers ends. */
export async function markPlaygroundRemoved(db: Db, id: string): Promise<void> {
  await db.deleteFrom('playground_drives').where('playground_id', '=', id).execute()
  await db.updateTable('playgrounds').set({ removed_at: now() }).where('id', '=', id).execute()
}
