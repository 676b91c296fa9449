import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Where runs and playgrounds came from, as far as that is another run or playground. Rows of destroyed and removed ones stay for it. */
export const lineage: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  await schema
    .alterTable('runs')
    .addColumn('cloned_from', 'text', (c) => c.references('runs.id'))
    .execute()
  await schema.createIndex('runs_by_source').on('runs').column('cloned_from').execute()

  await schema
    .alterTable('playgrounds')
    .addColumn('base_id', 'text', (c) => c.references('playgrounds.id'))
    .execute()
  await schema
    .alterTable('playgrounds')
    .addColumn('saved_from', 'text', (c) => c.references('runs.id'))
    .execute()
  await schema.createIndex('playgrounds_by_base').on('playgrounds').column('base_id').execute()
  await schema.createIndex('playgrounds_by_run').on('playgrounds').column('saved_from').execute()
}
