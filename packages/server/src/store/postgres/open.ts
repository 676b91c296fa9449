import { type Dialect, PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely'
import type { PoolConfig } from 'pg'
import { PostgresDriver, type PostgresParts } from './driver.ts'
import { lockDatabase, type ServerLockOptions } from './server-lock.ts'

export interface PostgresOptions {
  /** To look at it beside its server. */
  readonly readOnly?: boolean
  /** Absent: the database is not locked, as for one that is looked at. */
  readonly onLost?: ServerLockOptions['onLost'] | undefined
}

const connections = 8
const connectWithinMs = 10_000

/** What `bigint` and `numeric` are read as: sizes and counts, all below 2^53. By default `pg` makes texts of them. */
const numbers: readonly number[] = [20, 1700]

/** Kysely's dialect for a database of PostgreSQL, `url` as libpq writes it. `pg` is loaded only then: most homes have a file. */
export function postgresDialect(url: string, options: PostgresOptions): Dialect {
  return {
    createAdapter: () => new PostgresAdapter(),
    createDriver: () => new PostgresDriver(url, () => open(url, options)),
    createIntrospector: (db) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  }
}

async function open(url: string, { readOnly = false, onLost }: PostgresOptions): Promise<PostgresParts> {
  const { default: pg } = await import('pg')
  const config: PoolConfig = {
    connectionString: url,
    application_name: 'ramet',
    connectionTimeoutMillis: connectWithinMs,
    keepAlive: true,
    types: {
      getTypeParser: ((oid: number, format?: 'text') =>
        numbers.includes(oid) ? Number : pg.types.getTypeParser(oid, format)) as typeof pg.types.getTypeParser,
    },
    ...(readOnly ? { options: '-c default_transaction_read_only=on' } : {}),
  }
  const lock = onLost && (await lockDatabase({ url, config, makeClient: (settings) => new pg.Client(settings), onLost }))
  const pool = new pg.Pool({ ...config, max: connections })
  // Of a connection that nobody uses at the moment; the next query opens another one.
  pool.on('error', () => {})
  return { pool, lock }
}
