import { type Kysely, sql } from 'kysely'
import type { Migration } from 'kysely/migration'

/** Init tasks of runs, and what is wanted of each machine by itself. */
export const tasks: Migration = { up }

async function up(db: Kysely<unknown>): Promise<void> {
  const schema = db.schema
  await schema
    .alterTable('run_machines')
    .addColumn('wanted', 'text', (c) => c.notNull().defaultTo('RUNNING').check(sql`wanted in ('RUNNING', 'STOPPED', 'REBOOTED')`))
    .execute()
  await schema.alterTable('run_machines').addColumn('left_boot', 'text').execute()

  await schema
    .createTable('run_tasks')
    .addColumn('run_id', 'text', (c) => c.notNull().references('runs.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('task_index', 'integer', (c) => c.notNull().check(sql`task_index >= 0`))
    .addColumn('status', 'integer', (c) => c.notNull().check(sql`status in (10, 20, 30, 35, 40)`))
    .addColumn('version', 'integer', (c) => c.notNull().check(sql`version > 0`))
    .addColumn('boot', 'text')
    .addColumn('exit_code', 'integer')
    .addColumn('stdout', 'text', (c) => c.notNull())
    .addColumn('stderr', 'text', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('last_run_at', 'text')
    .addColumn('duration_ms', 'bigint')
    .addPrimaryKeyConstraint('run_tasks_key', ['run_id', 'name'])
    .execute()

  await schema
    .createTable('playground_tasks')
    .addColumn('playground_id', 'text', (c) => c.notNull().references('playgrounds.id').onDelete('cascade'))
    .addColumn('name', 'text', (c) => c.notNull())
    .addColumn('status', 'integer', (c) => c.notNull().check(sql`status in (35, 40)`))
    .addColumn('exit_code', 'integer')
    .addColumn('stdout', 'text', (c) => c.notNull())
    .addColumn('stderr', 'text', (c) => c.notNull())
    .addColumn('reason', 'text')
    .addColumn('last_run_at', 'text')
    .addColumn('duration_ms', 'bigint')
    .addPrimaryKeyConstraint('playground_tasks_key', ['playground_id', 'name'])
    .execute()
}
