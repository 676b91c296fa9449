import type { DatabaseSync, SQLInputValue } from 'node:sqlite'
import { SqliteDialect } from 'kysely'

/**
 * Kysely over Node's built-in SQLite. Kysely's own dialect expects the statements of another library, which know `reader`; here a statement that
 * has result columns is one. There is one connection, and Kysely's driver hands it to one query or transaction at a time, so transactions never mix.
 */
export function nodeSqliteDialect(database: DatabaseSync): SqliteDialect {
  return new SqliteDialect({
    database: {
      close: () => database.close(),
      prepare(sql) {
        const statement = database.prepare(sql)
        const values = (parameters: readonly unknown[]) => parameters as SQLInputValue[]
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...values(parameters)),
          run(parameters) {
            // A full disk ends a transaction by itself (sqlite.org/lang_transaction.html): an error of the rollback after it would hide why.
            if (sql === 'rollback' && !database.isTransaction) return { changes: 0, lastInsertRowid: 0 }
            return statement.run(...values(parameters))
          },
          iterate: (parameters) => statement.iterate(...values(parameters)) as IterableIterator<unknown>,
        }
      },
    },
  })
}
