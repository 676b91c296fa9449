import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Who has agreed to start what somebody else wrote. `schema.ts` says what the columns mean. */
export const consents: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable('playgrounds').addColumn('written_by', 'text').execute()
  await schema
    .createTable('consents')
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('playground_id', 'text', (c) => c.notNull().references('playgrounds.id').onDelete('cascade'))
    .addColumn('author_id', 'text', (c) => c.notNull())
    .addColumn('at', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('consents_pk', ['user_id', 'playground_id', 'author_id'])
    .execute()
}
