/** One statement and its parameters, as plain data: it crosses to a thread of its own. */
export interface Statement {
  readonly sql: string
  readonly parameters: readonly unknown[]
}

export interface StatementResult {
  readonly rows: Record<string, unknown>[]
  /** Rows written; undefined for a statement that has result columns. */
  readonly changes: number | undefined
}

/** One connection to a SQLite file. Statements are run in the order in which they are given. */
export interface SqliteRunner {
  run(statement: Statement): Promise<StatementResult>
  close(): Promise<void>
}

export interface SqliteFile {
  /** `:memory:` for a store that ends with its connection. */
  readonly file: string
  /** `reader`: of a store that a writer has opened; it can write nothing. `alone`: to look at a file beside its server, of which nothing is known. */
  readonly role: 'writer' | 'reader' | 'alone'
}
