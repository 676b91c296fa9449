import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** More users than one. Whoever is there already made the server, and is its admin. `schema.ts` says what the columns mean. */
export const accounts: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  await schema
    .alterTable('users')
    .addColumn('role', 'text', (c) => c.notNull().defaultTo('member').check(sql`role in ('admin', 'member')`))
    .execute()
  for (const name of ['password', 'disabled_at', 'removed_at']) await schema.alterTable('users').addColumn(name, 'text').execute()
  await sql`update users set role = 'admin'`.execute(db)
  await schema
    .createTable('invitations')
    .addColumn('hash', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('expires_at', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('invitations_by_user').on('invitations').column('user_id').execute()
}
