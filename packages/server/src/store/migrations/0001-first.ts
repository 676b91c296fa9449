import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** A migration that was released is never edited: a change is the next number. `schema.ts` says what the columns mean. */
export const first: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  const schema = db.schema

  await schema
    .createTable('installation')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('next_short_id', 'integer', (c) => c.notNull().check(sql`next_short_id > 0`))
    .execute()

  await schema
    .createTable('users')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute()

  await schema
    .createTable('tokens')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('user_id', 'text', (c) => c.notNull().references('users.id').onDelete('cascade'))
    .addColumn('kind', 'text', (c) => c.notNull().check(sql`kind in ('cli', 'session')`))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('hash', 'text', (c) => c.notNull().unique())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('expires_at', 'text')
    .execute()

  await schema
    .createTable('layers')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('parent_id', 'text', (c) => c.references('layers.id').check(sql`parent_id <> id`))
    .addColumn('state', 'text', (c) => c.notNull().check(sql`state in ('building', 'sealed')`))
    .addColumn('file', 'text', (c) => c.notNull().unique())
    .addColumn('size_bytes', 'bigint', (c) => c.notNull().check(sql`size_bytes > 0`))
    .addColumn('bytes', 'bigint', (c) => c.notNull().check(sql`bytes >= 0`))
    .addColumn('created_at', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('layers_by_parent').on('layers').column('parent_id').execute()

  await schema
    .createTable('images')
    .addColumn('name', 'text', (c) => c.primaryKey())
    .addColumn('layer_id', 'text', (c) => c.notNull().references('layers.id'))
    .addColumn('recipe', 'text', (c) => c.notNull())
    .addColumn('built_at', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('images_by_layer').on('images').column('layer_id').execute()

  await schema
    .createTable('playgrounds')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('owner_id', 'text', (c) => c.references('users.id'))
    .addColumn('base', 'text', (c) => c.notNull())
    .addColumn('title', 'text', (c) => c.notNull())
    .addColumn('description', 'text', (c) => c.notNull())
    .addColumn('categories', 'text', (c) => c.notNull())
    .addColumn('markdown', 'text')
    .addColumn('cover', 'text')
    .addColumn('spec', 'text', (c) => c.notNull())
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .addColumn('removed_at', 'text')
    .execute()
  await schema
    .createIndex('playgrounds_by_live_name')
    .unique()
    .on('playgrounds')
    .column('name')
    .where(sql.ref('removed_at'), 'is', null)
    .execute()

  await schema
    .createTable('playground_drives')
    .addColumn('playground_id', 'text', (c) => c.notNull().references('playgrounds.id').onDelete('cascade'))
    .addColumn('machine', 'text', (c) => c.notNull())
    .addColumn('drive_index', 'integer', (c) => c.notNull().check(sql`drive_index >= 0`))
    .addColumn('layer_id', 'text', (c) => c.notNull().references('layers.id'))
    .addPrimaryKeyConstraint('playground_drives_key', ['playground_id', 'machine', 'drive_index'])
    .execute()
  await schema.createIndex('playground_drives_by_layer').on('playground_drives').column('layer_id').execute()

  await schema
    .createTable('snapshots')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('origin_kind', 'text', (c) => c.notNull().check(sql`origin_kind in ('run', 'playground')`))
    .addColumn('origin_id', 'text', (c) => c.notNull())
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('stamp', 'text', (c) => c.notNull())
    .execute()

  await schema
    .createTable('snapshot_machines')
    .addColumn('snapshot_id', 'text', (c) => c.notNull().references('snapshots.id').onDelete('cascade'))
    .addColumn('machine', 'text', (c) => c.notNull())
    .addColumn('device_state_file', 'text', (c) => c.notNull())
    .addColumn('ram_file', 'text', (c) => c.notNull())
    .addColumn('ram_bytes', 'bigint', (c) => c.notNull().check(sql`ram_bytes > 0`))
    .addPrimaryKeyConstraint('snapshot_machines_key', ['snapshot_id', 'machine'])
    .execute()

  await schema
    .createTable('snapshot_drives')
    .addColumn('snapshot_id', 'text', (c) => c.notNull().references('snapshots.id').onDelete('cascade'))
    .addColumn('machine', 'text', (c) => c.notNull())
    .addColumn('drive_index', 'integer', (c) => c.notNull().check(sql`drive_index >= 0`))
    .addColumn('layer_id', 'text', (c) => c.notNull().references('layers.id'))
    .addPrimaryKeyConstraint('snapshot_drives_key', ['snapshot_id', 'machine', 'drive_index'])
    .execute()
  await schema.createIndex('snapshot_drives_by_layer').on('snapshot_drives').column('layer_id').execute()

  await schema
    .createTable('runs')
    .addColumn('id', 'text', (c) => c.primaryKey())
    .addColumn('short_id', 'integer', (c) => c.notNull().unique())
    .addColumn('owner_id', 'text', (c) => c.notNull().references('users.id'))
    .addColumn('playground_id', 'text', (c) => c.notNull().references('playgrounds.id'))
    .addColumn('playground_name', 'text', (c) => c.notNull())
    .addColumn('playground_title', 'text', (c) => c.notNull())
    .addColumn('title', 'text', (c) => c.notNull())
    .addColumn('wanted', 'text', (c) => c.notNull().check(sql`wanted in ('RUNNING', 'STOPPED', 'DESTROYED')`))
    .addColumn('state', 'text', (c) =>
      c
        .notNull()
        .check(
          sql`state in ('CREATED', 'WARMING_UP', 'WARMED_UP', 'STARTING', 'RUNNING', 'STOPPING', 'STOPPED', 'DESTROYING', 'DESTROYED', 'FAILED')`,
        ),
    )
    .addColumn('plan', 'text', (c) => c.notNull())
    .addColumn('failure', 'text')
    .addColumn('lease', 'text')
    .addColumn('resume_from', 'text', (c) => c.references('snapshots.id'))
    .addColumn('created_at', 'text', (c) => c.notNull())
    .addColumn('updated_at', 'text', (c) => c.notNull())
    .addColumn('last_state_at', 'text', (c) => c.notNull())
    .execute()
  await schema.createIndex('runs_by_owner').on('runs').columns(['owner_id', 'created_at']).execute()
  await schema.createIndex('runs_by_playground').on('runs').column('playground_id').execute()
  await schema.createIndex('runs_by_snapshot').on('runs').column('resume_from').execute()

  await schema
    .createTable('run_machines')
    .addColumn('run_id', 'text', (c) => c.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('machine_index', 'integer', (c) => c.notNull().check(sql`machine_index >= 0`))
    .addColumn('state', 'text', (c) =>
      c
        .notNull()
        .check(
          sql`state in ('CREATED', 'WARMING_UP', 'WARMED_UP', 'STARTING', 'RUNNING', 'REBOOTING', 'STOPPING', 'STOPPED', 'FAILED')`,
        ),
    )
    .addColumn('conditions', 'text', (c) => c.notNull())
    .addPrimaryKeyConstraint('run_machines_key', ['run_id', 'name'])
    .addUniqueConstraint('run_machines_by_index', ['run_id', 'machine_index'])
    .execute()

  await schema
    .createTable('drives')
    .addColumn('run_id', 'text', (c) => c.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('machine', 'text', (c) => c.notNull())
    .addColumn('drive_index', 'integer', (c) => c.notNull().check(sql`drive_index >= 0`))
    .addColumn('layer_id', 'text', (c) => c.references('layers.id'))
    .addColumn('top', 'text')
    .addColumn('size_bytes', 'bigint', (c) => c.notNull().check(sql`size_bytes > 0`))
    .addPrimaryKeyConstraint('drives_key', ['run_id', 'machine', 'drive_index'])
    .execute()
  await schema.createIndex('drives_by_layer').on('drives').column('layer_id').execute()

  await schema
    .createTable('state_events')
    .addColumn('run_id', 'text', (c) => c.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('seq', 'integer', (c) => c.notNull())
    .addColumn('state', 'text', (c) => c.notNull())
    .addColumn('at', 'text', (c) => c.notNull())
    .addColumn('error', 'text')
    .addPrimaryKeyConstraint('state_events_key', ['run_id', 'seq'])
    .execute()
}
