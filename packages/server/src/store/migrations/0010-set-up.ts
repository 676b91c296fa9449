import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What was done once to the content of a drive. Until now the boot decided by what it found on it. */
export const setUp: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  for (const table of ['drives', 'playground_drives'])
    for (const column of ['set_up', 'grown_bytes'] as const)
      await db.schema
        .alterTable(table)
        .addColumn(column, column === 'set_up' ? 'text' : 'bigint', (c) =>
          column === 'set_up'
            ? c.notNull().defaultTo('due').check(sql`set_up in ('due', 'begun', 'done')`)
            : c.notNull().defaultTo(0).check(sql`grown_bytes >= 0`),
        )
        .execute()
  // A drive that has an overlay, or stands on something other than an image, was booted.
  await sql`update drives set set_up = 'done', grown_bytes = size_bytes
    where overlay is not null or layer_id not in (select layer_id from images)`.execute(db)
  await sql`update playground_drives set set_up = 'done',
    grown_bytes = (select size_bytes from layers where layers.id = layer_id)`.execute(db)
}
