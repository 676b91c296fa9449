import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** The writable file of a drive is an overlay, as everybody else calls it. */
export const words: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema.alterTable('drives').renameColumn('top', 'overlay').execute()
  await schema.alterTable('drives').renameColumn('next_top', 'next_overlay').execute()
}
