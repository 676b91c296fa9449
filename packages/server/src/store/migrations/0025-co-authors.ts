import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Who else writes a playground, and to whom its owner offers it. `schema.ts` says what the columns mean. */
export const coAuthors: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  for (const column of ['co_authors', 'offered_to']) await schema.alterTable('playgrounds').addColumn(column, 'text').execute()
}
