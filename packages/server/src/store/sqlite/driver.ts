import { setTimeout } from 'node:timers/promises'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely'
import { Turns } from '../turns.ts'
import type { SqliteRunner, Statement } from './runner.ts'

/** Connections to one file. For a store in memory, and for one that is looked at alone, all are the same one. */
export interface SqliteRunners {
  readonly writer: SqliteRunner
  readonly reader: SqliteRunner
  /** For transactions that only read: statements of others must not see the moment that they look at. */
  openLookout(): Promise<SqliteRunner>
  /** The file is not to be written. */
  readonly readOnly: boolean
}

/** A transaction that has not ended by then never will: whoever began it is gone or waits for something else. */
const closeWithinMs = 10_000

/**
 * Kysely's driver over a writer and readers of one file in WAL mode. Queries outside of transactions that only read go to the reader, which no writer ever stops and
 * which sees all that was committed before; all else has the writer for itself.
 */
export class SqliteDriver implements Driver {
  readonly #open: () => Promise<SqliteRunners>
  readonly #turns = new Map<SqliteRunner, Turns>()
  #runners: SqliteRunners | undefined
  #lookout: Promise<SqliteRunner> | undefined

  constructor(open: () => Promise<SqliteRunners>) {
    this.#open = open
  }

  async init(): Promise<void> {
    this.#runners = await this.#open()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (!this.#runners) throw new Error('the store is closed')
    const { openLookout, ...runners } = this.#runners
    return new SqliteSession({
      ...runners,
      lookout: () => (this.#lookout ??= openLookout()),
      turnsOf: (runner) => this.#turnsOf(runner),
    })
  }

  beginTransaction(session: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    return (session as SqliteSession).begin(settings.accessMode === 'read only')
  }

  commitTransaction(session: DatabaseConnection): Promise<void> {
    return (session as SqliteSession).end('commit')
  }

  rollbackTransaction(session: DatabaseConnection): Promise<void> {
    return (session as SqliteSession).end('rollback')
  }

  async releaseConnection(session: DatabaseConnection): Promise<void> {
    ;(session as SqliteSession).release()
  }

  /** After the queries and transactions that have begun. */
  async destroy(): Promise<void> {
    const runners = this.#runners
    this.#runners = undefined
    if (!runners) return
    const all = new Set([...(this.#lookout ? [await this.#lookout] : []), runners.reader, runners.writer])
    const idle = Promise.all([...all].map((runner) => this.#turnsOf(runner).take()))
    await Promise.race([idle, setTimeout(closeWithinMs, undefined, { ref: false })])
    // The last to close a WAL checkpoints it: that is to be the one that may write.
    for (const runner of all) await runner.close()
  }

  #turnsOf(runner: SqliteRunner): Turns {
    const turns = this.#turns.get(runner) ?? new Turns()
    this.#turns.set(runner, turns)
    return turns
  }
}

interface Connections {
  readonly writer: SqliteRunner
  readonly reader: SqliteRunner
  readonly readOnly: boolean
  lookout(): Promise<SqliteRunner>
  turnsOf(runner: SqliteRunner): Turns
}

/** What one query, or one transaction, has of the connections. */
class SqliteSession implements DatabaseConnection {
  readonly #connections: Connections
  #transaction: SqliteRunner | undefined
  #endTurn: (() => void) | undefined

  constructor(connections: Connections) {
    this.#connections = connections
  }

  async begin(readsOnly: boolean): Promise<void> {
    const runner = readsOnly ? await this.#connections.lookout() : this.#connections.writer
    this.#endTurn = await this.#connections.turnsOf(runner).take()
    // Immediate: a transaction that reads first and writes then is refused by SQLite when another process wrote in between.
    await runner.run({ sql: readsOnly || this.#connections.readOnly ? 'begin' : 'begin immediate', parameters: [] })
    this.#transaction = runner
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    await this.#transaction?.run({ sql: how, parameters: [] })
    this.release()
  }

  release(): void {
    this.#transaction = undefined
    this.#endTurn?.()
    this.#endTurn = undefined
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    const statement = { sql, parameters }
    if (this.#transaction) return result(this.#transaction, statement)
    const { reader, writer, turnsOf } = this.#connections
    const readsOnly = query.kind === 'SelectQueryNode' || (query.kind === 'RawNode' && /^\s*select\b/i.test(sql))
    // Single statements of a connection that is only for reading need no turns: nothing can come between their parts.
    if (readsOnly && reader !== writer) return result(reader, statement)
    const endTurn = await turnsOf(writer).take()
    try {
      return await result(writer, statement)
    } finally {
      endTurn()
    }
  }

  // biome-ignore lint/correctness/useYield: the interface wants a generator, and nothing streams from the store.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('rows of the store are not streamed')
  }
}

async function result<R>(runner: SqliteRunner, statement: Statement): Promise<QueryResult<R>> {
  const { rows, changes } = await runner.run(statement)
  return { rows: rows as R[], ...(changes === undefined ? {} : { numAffectedRows: BigInt(changes) }) }
}
