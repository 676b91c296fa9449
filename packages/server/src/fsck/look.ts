import { lstat, readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { type Selectable, sql } from 'kysely'
import { type Db, transaction } from '../store/database.ts'
import type { Database } from '../store/schema.ts'

/** What the store says, read in one transaction, and which files there are. Files are looked at after the rows, so either may be a moment ahead. */
export interface Sight {
  readonly rows: Rows
  /** By path relative to the home: all below `layers`, `runs` and `snapshots`, and what lies directly in the home. */
  readonly files: ReadonlyMap<string, FileSight>
  /** Sentences of the database about itself: damaged pages, broken foreign keys. */
  readonly damage: readonly string[]
}

export interface FileSight {
  readonly kind: 'file' | 'folder' | 'other'
  readonly mode: number
  readonly uid: number
  /** Device and inode: two names with the same one are one file. */
  readonly identity: string
  readonly sizeBytes: number
  /** On disk (st_blocks x 512). */
  readonly bytes: number
  /** When its content was last written, in nanoseconds since 1970, as decimal digits. */
  readonly modifiedAt: string
}

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
export type Rows = { readonly [T in TableName]: readonly Selected<T>[] }
type Selected<T extends TableName> = Selectable<Database[T]>

export async function look(db: Db, home: string): Promise<Sight> {
  const { rows, damage } = await transaction(db, async (trx) => {
    const read: Partial<Record<TableName, unknown>> = {}
    for (const table of tables) read[table] = await trx.selectFrom(table).selectAll().execute()
    return { rows: read as Rows, damage: await databaseDamage(trx) }
  })
  const files = new Map<string, FileSight>()
  await listFiles(home, home, 0, files)
  for (const folder of ['layers', 'runs', 'snapshots']) await listFiles(home, join(home, folder), 3, files)
  for (const { file } of rows.layers) await see(home, join(home, file), files)
  for (const { device_state_file, ram_file } of rows.snapshot_machines) {
    for (const file of [device_state_file, ram_file]) await see(home, join(home, file), files)
  }
  return { rows, files, damage }
}

async function databaseDamage(db: Db): Promise<string[]> {
  const integrity = await sql<{ integrity_check: string }>`pragma integrity_check(20)`.execute(db)
  const damage = integrity.rows.map((row) => row.integrity_check).filter((text) => text !== 'ok')
  const broken = await sql<{ table: string; rowid: number | null; parent: string }>`pragma foreign_key_check`.execute(db)
  return [
    ...damage,
    ...broken.rows.map(({ table, rowid, parent }) => `row ${rowid} of ${table} names a row of ${parent} that does not exist`),
  ]
}

/** `depth`: levels of folders below to go into. */
async function listFiles(home: string, folder: string, depth: number, into: Map<string, FileSight>): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const found = await see(home, join(folder, name), into)
    if (found?.kind === 'folder' && depth > 0) await listFiles(home, join(folder, name), depth - 1, into)
  }
}

async function see(home: string, path: string, into: Map<string, FileSight>): Promise<FileSight | undefined> {
  const stat = await lstat(path, { bigint: true }).catch(() => undefined)
  if (!stat) return undefined
  const seen: FileSight = {
    kind: stat.isFile() ? 'file' : stat.isDirectory() ? 'folder' : 'other',
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    identity: `${stat.dev}:${stat.ino}`,
    sizeBytes: Number(stat.size),
    bytes: Number(stat.blocks) * 512,
    modifiedAt: String(stat.mtimeNs),
  }
  into.set(relative(home, path), seen)
  return seen
}
