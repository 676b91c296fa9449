import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What a token is bounded to, and a preference of labctl's users. `schema.ts` says what the columns mean. */
export const tokenScopes: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable('tokens').addColumn('scopes', 'text').execute()
  await schema.alterTable('users').addColumn('region', 'text').execute()
}
