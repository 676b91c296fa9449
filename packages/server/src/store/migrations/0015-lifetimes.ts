import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** How long a run may be on at a time, and the request that started it. `schema.ts` says what the columns mean. */
export const lifetimes: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  const add = (name: string) => schema.alterTable('runs').addColumn(name, 'text').execute()
  await schema
    .alterTable('runs')
    .addColumn('max_play_minutes', 'integer', (c) => c.check(sql`max_play_minutes > 0`))
    .execute()
  await schema
    .alterTable('runs')
    .addColumn('at_end', 'text', (c) => c.notNull().defaultTo('stop').check(sql`at_end in ('stop', 'destroy')`))
    .execute()
  for (const name of ['session_at', 'ends_at', 'start_key', 'start_body']) await add(name)
  // Few of all runs have an end before them.
  await schema
    .createIndex('runs_by_end')
    .on('runs')
    .column('ends_at')
    .where(sql.ref('ends_at'), 'is not', null)
    .where(sql.ref('session_at'), 'is not', null)
    .execute()
  await schema.createIndex('runs_by_start_key').on('runs').columns(['owner_id', 'start_key']).unique().execute()
}
