import { DatabaseSync, type SQLInputValue, type StatementSync } from 'node:sqlite'
import type { SqliteFile, SqliteRunner, Statement, StatementResult } from './runner.ts'

/** For the moment in which another process (`ramet fsck`, a backup) holds the file. */
const busyTimeoutMs = 5000
const mostStatements = 300

interface Prepared {
  readonly statement: StatementSync
  readonly hasRows: boolean
}

/** A SQLite file opened in this thread. Statements block it; the server therefore opens its store by `SqliteThread`. */
export class SqliteConnection {
  readonly #database: DatabaseSync
  /** Oldest first. Kysely makes the same text for the same query, so few texts are prepared often. */
  readonly #prepared = new Map<string, Prepared>()

  constructor({ file, role }: SqliteFile) {
    this.#database = new DatabaseSync(file, {
      readOnly: role !== 'writer',
      timeout: busyTimeoutMs,
      enableForeignKeyConstraints: true,
    })
    if (role === 'writer') this.#database.exec('pragma journal_mode = wal; pragma synchronous = full')
  }

  run({ sql, parameters }: Statement): StatementResult {
    // A full disk ends a transaction by itself (sqlite.org/lang_transaction.html): an error of the rollback after it would hide why.
    if (sql === 'rollback' && !this.#database.isTransaction) return { rows: [], changes: 0 }
    const { statement, hasRows } = this.#prepare(sql)
    const values = parameters as SQLInputValue[]
    if (hasRows) return { rows: statement.all(...values) as Record<string, unknown>[], changes: undefined }
    return { rows: [], changes: Number(statement.run(...values).changes) }
  }

  close(): void {
    this.#prepared.clear()
    this.#database.close()
  }

  #prepare(sql: string): Prepared {
    const known = this.#prepared.get(sql)
    if (known) return known
    const statement = this.#database.prepare(sql)
    const prepared = { statement, hasRows: statement.columns().length > 0 }
    this.#prepared.set(sql, prepared)
    for (const oldest of this.#prepared.keys()) {
      if (this.#prepared.size <= mostStatements) break
      this.#prepared.delete(oldest)
    }
    return prepared
  }
}

/** The same behind promises: for stores in memory, and for programs that look and end. */
export function inThisThread(file: SqliteFile): SqliteRunner {
  const connection = new SqliteConnection(file)
  return {
    run: async (statement) => connection.run(statement),
    close: async () => connection.close(),
  }
}
