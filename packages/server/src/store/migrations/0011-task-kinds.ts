import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Tasks that are repeated, and another try of one that failed. `schema.ts` says what the columns mean. */
export const taskKinds: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .alterTable('run_tasks')
    .addColumn('kind', 'text', (c) => c.notNull().defaultTo('init').check(sql`kind in ('init', 'regular', 'helper')`))
    .execute()
  await schema
    .alterTable('run_tasks')
    .addColumn('attempt', 'integer', (c) => c.notNull().defaultTo(1).check(sql`attempt > 0`))
    .execute()
  for (const table of ['run_tasks', 'playground_tasks']) await schema.alterTable(table).addColumn('checks', 'text').execute()
}
