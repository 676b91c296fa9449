import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Who else may use a playground. Those that are there stay their owner's alone, whatever their manifests say: it was not acted on until now. */
export const sharing: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable('playgrounds').addColumn('access', 'text').execute()
}
