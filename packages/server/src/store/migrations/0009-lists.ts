import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Indexes by which no query is slower for runs that are gone: their rows stay, since lineages name them. */
export const lists: Migration = { up }

async function up({ schema }: Kysely<unknown>): Promise<void> {
  await schema
    .createIndex('runs_there')
    .on('runs')
    .columns(['owner_id', 'created_at', 'id'])
    .where(sql.ref('state'), '<>', sql.lit('DESTROYED'))
    .execute()
  await schema
    .createIndex('runs_gone')
    .on('runs')
    .columns(['owner_id', 'last_state_at'])
    .where(sql.ref('state'), '=', sql.lit('DESTROYED'))
    .execute()
  await schema.dropIndex('runs_by_owner').execute()
  await schema.createIndex('runs_by_state').on('runs').column('state').execute()
  await schema.dropIndex('runs_by_playground').execute()
  await schema.createIndex('runs_by_playground').on('runs').columns(['playground_id', 'created_at']).execute()
}
