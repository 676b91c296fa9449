import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Agents that were let in by OAuth: sessions whose token is renewed. `schema.ts` says what the columns mean. */
export const agents: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  for (const column of ['agent_client', 'fresh_until', 'refresh_hash', 'spent_refresh_hash'])
    await schema.alterTable('tokens').addColumn(column, 'text').execute()
  for (const column of ['refresh_hash', 'spent_refresh_hash'])
    await schema.createIndex(`tokens_by_${column}`).on('tokens').column(column).execute()
}
