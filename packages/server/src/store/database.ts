import { open } from 'node:fs/promises'
import { DatabaseSync } from 'node:sqlite'
import { RametError } from '@ramet/model/errors/error.ts'
import { homeTooNew } from '@ramet/model/errors/errors.ts'
import { Kysely, sql, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { migrations } from './migrations/all.ts'
import { nodeSqliteDialect } from './node-sqlite-dialect.ts'
import type { Database } from './schema.ts'

/** The store, or a transaction in it: every query of ours takes either. */
export type Db = Kysely<Database>

const busyTimeoutMs = 5000
const migrationTable = 'kysely_migration'

export interface OpenOptions {
  readonly file: string
  /** For looking beside a running server: nothing is written and nothing migrated. */
  readonly readOnly?: boolean
}

/**
 * Opens a home's store and brings its tables up to date. RametError `home_too_new` when a newer version wrote it, `home_too_old` when it was opened
 * to read alone and must be migrated first, `store_damaged` when it cannot be read. Close with `destroy()`.
 */
export async function openDatabase(options: OpenOptions): Promise<Db> {
  const db = await connect(options)
  try {
    const applied = await appliedMigrations(db)
    const unknown = applied.find((name) => !(name in migrations))
    const newest = Object.keys(migrations).at(-1) ?? ''
    if (unknown !== undefined) throw homeTooNew(options.file, unknown, newest)
    if (!options.readOnly) await migrate(db)
    else if (applied.length < Object.keys(migrations).length) throw homeTooOld(options.file, newest)
    return db
  } catch (error) {
    await db.destroy()
    throw error instanceof RametError ? error : damaged(options.file, error)
  }
}

/**
 * Does `work` in one transaction, or in the one that `db` already is. Inside, only the given `trx` may be used: there is one connection, and a query
 * on the outer one would wait for this transaction for ever.
 */
export function transaction<T>(db: Db, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  return db.isTransaction ? work(db as Transaction<Database>) : db.transaction().execute(work)
}

/** One moment as the store keeps it: RFC 3339, UTC. */
export const now = (): string => new Date().toISOString()

async function connect({ file, readOnly = false }: OpenOptions): Promise<Db> {
  try {
    // Hashes of tokens are inside. SQLite gives -wal and -shm the mode of the main file.
    if (!readOnly && file !== ':memory:') await (await open(file, 'a', 0o600)).close()
    const database = new DatabaseSync(file, { readOnly, timeout: busyTimeoutMs, enableForeignKeyConstraints: true })
    if (!readOnly) database.exec('pragma journal_mode = wal; pragma synchronous = full')
    return new Kysely<Database>({ dialect: nodeSqliteDialect(database) })
  } catch (error) {
    throw damaged(file, error)
  }
}

async function appliedMigrations(db: Db): Promise<string[]> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some(({ name }) => name === migrationTable)) return []
  const { rows } = await sql<{ name: string }>`select name from ${sql.table(migrationTable)} order by name`.execute(db)
  return rows.map(({ name }) => name)
}

async function migrate(db: Db): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } })
  const { error } = await migrator.migrateToLatest()
  if (error !== undefined) throw error
}

const homeTooOld = (file: string, newest: string) =>
  new RametError('home_too_old', 409, `${file} does not yet have the tables of ${newest}.`, {
    hint: 'Start the server of this version once: npm start',
  })

const damaged = (file: string, cause: unknown) =>
  new RametError('store_damaged', 500, `${file} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  })
