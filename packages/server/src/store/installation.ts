import { randomBytes } from 'node:crypto'
import type { Selectable } from 'kysely'
import { type Db, now, transaction } from './database.ts'
import type { InstallationTable } from './schema.ts'

export type Installation = Selectable<InstallationTable>

/** This home's installation; made at the first opening. Its id of 4 hex digits is part of the name of every host object of this home. */
export function openInstallation(db: Db): Promise<Installation> {
  return transaction(db, async (trx) => {
    const found = await trx.selectFrom('installation').selectAll().executeTakeFirst()
    if (found) return found
    const made = { id: randomBytes(2).toString('hex'), created_at: now(), next_short_id: 1 }
    await trx.insertInto('installation').values(made).execute()
    return made
  })
}

/** Hands out the next short id of a run. Ids are never used twice, so names of host objects left behind cannot be mistaken for a new run's. */
export function nextShortId(db: Db): Promise<number> {
  return transaction(db, async (trx) => {
    const taken = await takeShortId(trx)
    if (taken !== undefined) return taken
    await openInstallation(trx)
    return (await takeShortId(trx)) ?? 1
  })
}

/** Undefined while there is no installation. */
async function takeShortId(trx: Db): Promise<number | undefined> {
  const row = await trx
    .updateTable('installation')
    .set(({ eb }) => ({ next_short_id: eb('next_short_id', '+', 1) }))
    .returning('next_short_id')
    .executeTakeFirst()
  return row && row.next_short_id - 1
}
