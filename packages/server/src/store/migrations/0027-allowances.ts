import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Limits of users and of groups. `schema.ts` says what the columns mean. */
export const allowances: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  for (const table of ['users', 'groups']) await schema.alterTable(table).addColumn('allowances', 'text').execute()
  await schema
    .createTable('recent_starts')
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('at', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('recent_starts_by_user').on('recent_starts').columns(['user_id', 'at']).execute()
}
