import { setTimeout } from 'node:timers/promises'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely'
import { Turns } from '../turns.ts'
import { OnDemand } from './on-demand.ts'
import type { SqliteRunner, Statement } from './runner.ts'

/** Connections to one file. */
export interface SqliteRunners {
  readonly writer: SqliteRunner
  /** The writer itself for a store in memory, and for a file that is looked at alone. */
  readonly reader: SqliteRunner
  /** For transactions that only read: statements of others must not see the moment that they look at. Absent: they have the writer. */
  readonly openLookout: (() => Promise<SqliteRunner>) | undefined
  /** The file is not to be written. */
  readonly readOnly: boolean
}

/** A transaction that has not ended by then never will: whoever began it is gone or waits for something else. */
const closeWithinMs = 10_000

/** A connection that one transaction has at a time. */
interface Exclusive {
  readonly turns: Turns
  take(): Promise<SqliteRunner>
  giveBack(): void
  close(): Promise<void>
}

interface Connections {
  readonly reader: SqliteRunner
  readonly writer: Exclusive
  readonly lookout: Exclusive
  /** The reader is no writer: single statements of it need no turns, since nothing can come between their parts. */
  readonly hasReader: boolean
  readonly readOnly: boolean
}

/**
 * Kysely's driver over a writer and readers of one file in WAL mode. Queries outside of transactions that only read go to the reader, which no writer ever stops and
 * which sees all that was committed before; all else has the writer for itself.
 */
export class SqliteDriver implements Driver {
  readonly #open: () => Promise<SqliteRunners>
  #connections: Connections | undefined

  constructor(open: () => Promise<SqliteRunners>) {
    this.#open = open
  }

  async init(): Promise<void> {
    const { writer: runner, reader, openLookout, readOnly } = await this.#open()
    const writer = { turns: new Turns(), take: async () => runner, giveBack() {}, close: () => runner.close() }
    const onDemand = openLookout && new OnDemand(openLookout)
    const lookout = onDemand && {
      turns: new Turns(),
      take: () => onDemand.take(),
      giveBack: () => onDemand.giveBack(),
      close: () => onDemand.close(),
    }
    this.#connections = { reader, writer, lookout: lookout ?? writer, hasReader: reader !== runner, readOnly }
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (!this.#connections) throw new Error('the store is closed')
    return new SqliteSession(this.#connections)
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
    const connections = this.#connections
    this.#connections = undefined
    if (!connections) return
    const { reader, writer, lookout, hasReader } = connections
    const idle = Promise.all([...new Set([writer.turns, lookout.turns])].map((turns) => turns.take()))
    await Promise.race([idle, setTimeout(closeWithinMs, undefined, { ref: false })])
    if (lookout !== writer) await lookout.close()
    if (hasReader) await reader.close()
    // The last to close a WAL checkpoints it: that is to be the one that may write.
    await writer.close()
  }
}

/** What one query, or one transaction, has of the connections. */
class SqliteSession implements DatabaseConnection {
  readonly #connections: Connections
  #transaction: SqliteRunner | undefined
  #release: (() => void) | undefined

  constructor(connections: Connections) {
    this.#connections = connections
  }

  async begin(readsOnly: boolean): Promise<void> {
    const { lookout, writer, readOnly } = this.#connections
    const runner = await this.#take(readsOnly ? lookout : writer)
    // Immediate: a transaction that reads first and writes then is refused by SQLite when another process wrote in between.
    await runner.run({ sql: readsOnly || readOnly ? 'begin' : 'begin immediate', parameters: [] })
    this.#transaction = runner
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    await this.#transaction?.run({ sql: how, parameters: [] })
    this.release()
  }

  release(): void {
    this.#transaction = undefined
    this.#release?.()
    this.#release = undefined
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    const statement = { sql, parameters }
    if (this.#transaction) return result(this.#transaction, statement)
    const { reader, writer, hasReader } = this.#connections
    const readsOnly = query.kind === 'SelectQueryNode' || (query.kind === 'RawNode' && /^\s*select\b/i.test(sql))
    if (readsOnly && hasReader) return result(reader, statement)
    const runner = await this.#take(writer)
    try {
      return await result(runner, statement)
    } finally {
      this.release()
    }
  }

  // biome-ignore lint/correctness/useYield: the interface wants a generator, and nothing streams from the store.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('rows of the store are not streamed')
  }

  async #take(exclusive: Exclusive): Promise<SqliteRunner> {
    const endTurn = await exclusive.turns.take()
    this.#release = () => {
      exclusive.giveBack()
      endTurn()
    }
    return exclusive.take()
  }
}

async function result<R>(runner: SqliteRunner, statement: Statement): Promise<QueryResult<R>> {
  const { rows, changes } = await runner.run(statement)
  return { rows: rows as R[], ...(changes === undefined ? {} : { numAffectedRows: BigInt(changes) }) }
}
