import { RametError } from '@ramet/model/errors/error.ts'
import { homeTooNew } from '@ramet/model/errors/errors.ts'
import { Kysely, sql, type Transaction } from 'kysely'
import { Migrator } from 'kysely/migration'
import { describeAddress, type StoreAddress } from './address.ts'
import { migrations } from './migrations/all.ts'
import { explained } from './postgres/errors.ts'
import { postgresDialect } from './postgres/open.ts'
import { retried } from './postgres/retried.ts'
import type { Database } from './schema.ts'
import { sqliteDialect } from './sqlite/open.ts'
import { Turns } from './turns.ts'

/** The store, or a transaction in it: every query of ours takes either. */
export type Db = Kysely<Database>

const migrationTable = 'kysely_migration'

export type OpenOptions = StoreAddress & {
  /** Read-only, beside a running server: nothing is written or migrated. */
  readonly readOnly?: boolean
  /** Locks a PostgreSQL database for this server. `onLost` is called when another server took it over while it could not be reached. */
  readonly onLost?: (error: RametError) => void
}

/**
 * Opens a store and brings its tables up to date. RametError `home_too_new` when a newer version wrote it, `home_too_old` when it was opened
 * read-only and must be migrated first, `store_damaged` when it cannot be read; for PostgreSQL also `store_unreachable`, `store_refused`, `store_missing`,
 * `database_in_use`. Close with `destroy()`, which waits for what has begun.
 */
export async function openDatabase(options: OpenOptions): Promise<Db> {
  const { readOnly = false, onLost } = options
  const where = describeAddress(options)
  const dialect =
    'file' in options ? sqliteDialect(options.file, { readOnly }) : postgresDialect(options.url, { readOnly, onLost })
  const db = new Kysely<Database>({ dialect })
  try {
    const applied = await appliedMigrations(db)
    const unknown = applied.find((name) => !(name in migrations))
    const newest = Object.keys(migrations).at(-1) ?? ''
    if (unknown !== undefined) throw homeTooNew(where, unknown, newest)
    if (!readOnly) await migrate(db)
    else if (applied.length < Object.keys(migrations).length) throw homeTooOld(where, newest)
    return db
  } catch (error) {
    await db.destroy().catch(() => {})
    const told = 'url' in options ? explained(error, options.url) : error
    throw told instanceof RametError ? told : damaged(where, told)
  }
}

/**
 * Runs `work` in one transaction, or in the one that `db` already is. Transactions are serializable: their outcome is that of some order of
 * them. `work` runs again from its beginning after a conflict, so it must change nothing but through `trx`, and use no other handle of the
 * store. RametError `store_busy` when conflicts do not end.
 */
export function transaction<T>(db: Db, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db as Transaction<Database>)
  return inTurn(db, () => retried(() => db.transaction().setIsolationLevel('serializable').execute(work)))
}

const turns = new WeakMap<Db, Turns>()

/**
 * Transactions of one server do not race each other. SQLite has one writer anyway. In PostgreSQL what a transaction reads of a small table locks all of it
 * (postgresql.org/docs/15/transaction-iso.html#XACT-SERIALIZABLE), so that starts that had nothing to do with each other lost 40 times one after the other.
 * The turn is waited for before there is a connection: those who only read find one.
 */
async function inTurn<T>(db: Db, work: () => Promise<T>): Promise<T> {
  const own = turns.get(db) ?? new Turns()
  turns.set(db, own)
  const end = await own.take()
  try {
    return await work()
  } finally {
    end()
  }
}

/** Runs several reads at one moment. They wait for no writer. */
export function readTransaction<T>(db: Db, work: (trx: Transaction<Database>) => Promise<T>): Promise<T> {
  if (db.isTransaction) return work(db as Transaction<Database>)
  return db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work)
}

/** For conditions that leave out runs that are gone, as a literal: SQLite uses an index without them only for statements that say so themselves. */
export const destroyed = sql.lit<'DESTROYED'>('DESTROYED')

/** The current time as the store keeps it: RFC 3339, UTC. */
export const now = (): string => new Date().toISOString()

/** Names the store for people: `SQLite 3.50.4` or `PostgreSQL 15.8`. */
export async function storeVersion(db: Db, address: StoreAddress): Promise<string> {
  if ('file' in address) {
    const { rows } = await sql<{ version: string }>`select sqlite_version() as version`.execute(db)
    return `SQLite ${rows[0]?.version}`
  }
  const { rows } = await sql<{ version: string }>`select current_setting('server_version') as version`.execute(db)
  return `PostgreSQL ${rows[0]?.version}`
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

const homeTooOld = (where: string, newest: string) =>
  new RametError('home_too_old', 409, `${where} does not yet have the tables of ${newest}.`, {
    hint: 'Start the server of this version once: npm start',
  })

const damaged = (where: string, cause: unknown) =>
  new RametError('store_damaged', 500, `${where} cannot be opened: ${cause instanceof Error ? cause.message : String(cause)}`, {
    cause,
  })
