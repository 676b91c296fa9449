import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** When a person last proved who he is. Sessions from before did not note it. */
export const loggedIn: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable('tokens').addColumn('logged_in_at', 'text').execute()
}
