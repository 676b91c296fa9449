import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Runs that begin with the memory and drives of a playground kept warm. `schema.ts` says what the column means. */
export const warmStarts: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .alterTable('runs')
    .addColumn('is_borrowed', 'integer', (c) => c.notNull().defaultTo(0).check(sql`is_borrowed in (0, 1)`))
    .execute()
}
