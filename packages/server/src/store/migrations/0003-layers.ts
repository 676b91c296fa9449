import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What sealing layers needs. `schema.ts` says what the columns mean. */
export const layers: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema.alterTable('layers').addColumn('length_bytes', 'bigint').execute()
  await db.schema.alterTable('layers').addColumn('modified_at', 'text').execute()
  await db.schema.alterTable('drives').addColumn('next_top', 'text').execute()
}
