import { open } from 'node:fs/promises'
import { type Dialect, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely'
import { inThisThread } from './connection.ts'
import { SqliteDriver, type SqliteRunners } from './driver.ts'
import { SqliteThread } from './thread.ts'

/** Kysely's dialect for a file of SQLite; `readOnly`: to look at it beside its server. */
export function sqliteDialect(file: string, { readOnly = false }: { readonly readOnly?: boolean } = {}): Dialect {
  return {
    createAdapter: () => new AdapterOfSeveral(),
    createDriver: () => new SqliteDriver(() => (readOnly || file === ':memory:' ? one(file, readOnly) : onThreads(file))),
    createIntrospector: (db) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  }
}

/** Kysely's own says that there is one connection, and its runtime would let queries wait for transactions of others. */
class AdapterOfSeveral extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true
  }
}

async function one(file: string, readOnly: boolean): Promise<SqliteRunners> {
  const runner = inThisThread({ file, role: readOnly ? 'alone' : 'writer' })
  return { writer: runner, reader: runner, openLookout: undefined, readOnly }
}

async function onThreads(file: string): Promise<SqliteRunners> {
  // Hashes of tokens are inside. SQLite gives -wal and -shm the mode of the main file.
  await (await open(file, 'a', 0o600)).close()
  const writer = await SqliteThread.open({ file, role: 'writer' })
  try {
    const reader = await SqliteThread.open({ file, role: 'reader' })
    return { writer, reader, openLookout: () => SqliteThread.open({ file, role: 'reader' }), readOnly: false }
  } catch (error) {
    await writer.close()
    throw error
  }
}
