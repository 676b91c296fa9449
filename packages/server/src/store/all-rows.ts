import { type Selectable, SqliteAdapter, sql } from 'kysely'
import { type Db, readTransaction } from './database.ts'
import type { Database } from './schema.ts'

const tables = [
  'images',
  'layers',
  'playgrounds',
  'playground_drives',
  'runs',
  'run_machines',
  'drives',
  'state_events',
  'snapshots',
  'snapshot_machines',
  'snapshot_drives',
  'warm_starts',
] as const
type TableName = (typeof tables)[number]

/** Every row of the tables that fsck checks, as stored and unparsed. */
export type AllRows = { readonly [T in TableName]: readonly Selected<T>[] }
type Selected<T extends TableName> = Selectable<Database[T]>

export interface StoreSight {
  readonly rows: AllRows
  /** Faults that the database itself reports, as sentences: damaged pages, broken foreign keys. */
  readonly damage: readonly string[]
}

/** Reads all rows at one moment. */
export async function readAllRows(db: Db): Promise<StoreSight> {
  return readTransaction(db, async (trx) => {
    const read: Partial<Record<TableName, unknown>> = {}
    for (const table of tables) read[table] = await trx.selectFrom(table).selectAll().execute()
    return { rows: read as AllRows, damage: await damageOf(trx) }
  })
}

/** True when the run has been off, in the same state, since then. */
export async function isStoppedSince(db: Db, runId: string, lastStateAt: string): Promise<boolean> {
  const run = await db.selectFrom('runs').select(['state', 'last_state_at']).where('id', '=', runId).executeTakeFirst()
  return run?.state === 'STOPPED' && run.last_state_at === lastStateAt
}

/** Runs SQLite's checks. PostgreSQL checks pages as it reads them and enforces foreign keys. */
async function damageOf(db: Db): Promise<string[]> {
  if (!(db.getExecutor().adapter instanceof SqliteAdapter)) return []
  const integrity = await sql<{ integrity_check: string }>`pragma integrity_check(20)`.execute(db)
  const damage = integrity.rows.map((row) => row.integrity_check).filter((text) => text !== 'ok')
  const broken = await sql<{ table: string; rowid: number | null; parent: string }>`pragma foreign_key_check`.execute(db)
  return [
    ...damage,
    ...broken.rows.map(({ table, rowid, parent }) => `row ${rowid} of ${table} names a row of ${parent} that does not exist`),
  ]
}
