import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Groups of people, and links by which they come in. `schema.ts` says what the columns mean. */
export const groups: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createTable('groups')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('owner_id', 'text', (c) => c.notNull().references('users.id'))
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute()
  await schema
    .createTable('group_members')
    .addColumn('group_id', 'text', (c) => c.notNull().references('groups.id').onDelete('cascade'))
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('joined_at', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('group_members_pk', ['user_id', 'group_id'])
    .execute()
  await schema.createIndex('group_members_by_group').on('group_members').column('group_id').execute()
  await schema
    .createTable('group_links')
    .addColumn('hash', 'text', (c) => c.primaryKey())
    .addColumn('group_id', 'text', (c) => c.notNull().references('groups.id').onDelete('cascade'))
    .addColumn('made_by', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('uses_left', 'integer', (c) => c.notNull())
    .addColumn('expires_at', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('group_links_by_group').on('group_links').column('group_id').execute()
}
