import type { Kysely } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Ports and shells of runs that have a host name of their own, and the forwards that a run has saved. */
export const publishedPorts: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('published_ports')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('run_id', 'text', (c) => c.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('machine', 'text', (c) => c.notNull())
    .addColumn('number', 'integer')
    .addColumn('account', 'text')
    .addColumn('access', 'text', (c) => c.notNull())
    .addColumn('tls', 'integer', (c) => c.notNull())
    .addColumn('host_rewrite', 'text')
    .addColumn('path_rewrite', 'text')
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute()
  await db.schema.createIndex('published_ports_of_run').on('published_ports').column('run_id').execute()
  await db.schema
    .createTable('saved_forwards')
    .addColumn('run_id', 'text', (c) => c.primaryKey().references('runs.id').onDelete('cascade'))
    .addColumn('list', 'text', (c) => c.notNull())
    .execute()
}
