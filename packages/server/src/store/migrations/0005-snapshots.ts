import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** What resuming from a snapshot must know, how a run came up last, and playgrounds that are kept warm. `schema.ts` says what the columns mean. */
export const snapshots: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  const { schema } = db
  await schema
    .alterTable('snapshots')
    .addColumn('kind', 'text', (c) => c.notNull().defaultTo('stop').check(sql`kind in ('stop', 'clone', 'warm')`))
    .execute()
  await schema
    .alterTable('snapshots')
    .addColumn('bytes', 'bigint', (c) => c.notNull().defaultTo(0).check(sql`bytes >= 0`))
    .execute()
  await schema
    .alterTable('snapshots')
    .addColumn('is_durable', 'integer', (c) => c.notNull().defaultTo(1).check(sql`is_durable in (0, 1)`))
    .execute()
  await schema.alterTable('snapshot_machines').addColumn('state_digest', 'text').execute()
  await schema.alterTable('snapshot_machines').addColumn('ram_digest', 'text').execute()
  await schema
    .alterTable('snapshot_machines')
    .addColumn('ram_form', 'text', (c) => c.notNull().defaultTo('plain').check(sql`ram_form in ('plain', 'zstd')`))
    .execute()
  await schema.alterTable('snapshot_machines').addColumn('ram_file_bytes', 'bigint').execute()

  await schema
    .alterTable('runs')
    .addColumn('maps_snapshot', 'text', (c) => c.references('snapshots.id'))
    .execute()
  await schema
    .alterTable('runs')
    .addColumn('asleep', 'integer', (c) => c.notNull().defaultTo(0).check(sql`asleep in (0, 1)`))
    .execute()
  await schema
    .alterTable('runs')
    .addColumn('power_off', 'integer', (c) => c.notNull().defaultTo(0).check(sql`power_off in (0, 1)`))
    .execute()
  await schema
    .alterTable('runs')
    .addColumn('start_kind', 'text', (c) => c.check(sql`start_kind in ('cold', 'warm', 'resumed')`))
    .execute()
  await schema.alterTable('runs').addColumn('start_reason', 'text').execute()
  await schema.alterTable('runs').addColumn('cold_reason', 'text').execute()
  await schema.alterTable('runs').addColumn('epoch', 'text').execute()
  await schema
    .alterTable('runs')
    .addColumn('purpose', 'text', (c) => c.notNull().defaultTo('user').check(sql`purpose in ('user', 'warm-start')`))
    .execute()
  await schema.createIndex('runs_by_mapped_snapshot').on('runs').column('maps_snapshot').execute()

  await schema
    .createTable('warm_starts')
    .addColumn('playground_id', 'text', (c) => c.primaryKey().references('playgrounds.id'))
    .addColumn('shape', 'text', (c) => c.notNull())
    .addColumn('snapshot_id', 'text', (c) => c.notNull().references('snapshots.id'))
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('warm_starts_by_snapshot').on('warm_starts').column('snapshot_id').execute()
}
