import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Who did what, from where, when and with what outcome. `schema.ts` says what the columns mean. */
export const audit: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('audit')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('action', 'text', (c) => c.notNull())
    .addColumn('user_id', 'text')
    .addColumn('user_name', 'text')
    .addColumn('about_id', 'text')
    .addColumn('via', 'text')
    .addColumn('address', 'text')
    .addColumn('subject', 'text')
    .addColumn('detail', 'text')
    .addColumn('outcome', 'text', (c) => c.notNull())
    .addColumn('times', 'integer', (c) => c.notNull())
    .addColumn('last_at', 'text', (c) => c.notNull())
    .execute()
  for (const column of ['user_id', 'about_id'])
    await schema.createIndex(`audit_by_${column}`).on('audit').columns([column, 'id']).execute()
  await schema.createIndex('audit_by_last_at').on('audit').column('last_at').execute()
}
