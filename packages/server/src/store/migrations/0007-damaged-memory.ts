import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** RAM that the background found to be another than the one that was taken. */
export const damagedMemory: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('snapshot_machines')
    .addColumn('is_damaged', 'integer', (c) => c.notNull().defaultTo(0).check(sql`is_damaged in (0, 1)`))
    .execute()
}
