import { setTimeout } from 'node:timers/promises'
import type { CompiledQuery, DatabaseConnection, Driver, QueryResult, TransactionSettings } from 'kysely'
import type { Pool, PoolClient } from 'pg'
import { explained } from './errors.ts'
import { retried } from './retried.ts'

/** What ends with the pool. */
export interface PostgresParts {
  readonly pool: Pool
  readonly lock: AsyncDisposable | undefined
}

/**
 * Kysely's driver over a pool of `pg`. A write that is no transaction's is one by itself, serializable too: PostgreSQL notices only between serializable
 * transactions that one decided by what another has changed.
 */
export class PostgresDriver implements Driver {
  readonly #open: () => Promise<PostgresParts>
  readonly #url: string
  #parts: PostgresParts | undefined

  constructor(url: string, open: () => Promise<PostgresParts>) {
    this.#url = url
    this.#open = open
  }

  async init(): Promise<void> {
    this.#parts = await this.#open()
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (!this.#parts) throw new Error('the store is closed')
    try {
      return new PostgresSession(await this.#parts.pool.connect(), this.#url)
    } catch (error) {
      throw explained(error, this.#url)
    }
  }

  async beginTransaction(session: DatabaseConnection, settings: TransactionSettings): Promise<void> {
    const { isolationLevel = 'read committed', accessMode = '' } = settings
    await (session as PostgresSession).begin(`begin isolation level ${isolationLevel} ${accessMode}`)
  }

  commitTransaction(session: DatabaseConnection): Promise<void> {
    return (session as PostgresSession).end('commit')
  }

  rollbackTransaction(session: DatabaseConnection): Promise<void> {
    return (session as PostgresSession).end('rollback')
  }

  async releaseConnection(session: DatabaseConnection): Promise<void> {
    ;(session as PostgresSession).release()
  }

  async destroy(): Promise<void> {
    const parts = this.#parts
    this.#parts = undefined
    // It waits for connections that are in use, for ever.
    await Promise.race([parts?.pool.end(), setTimeout(closeWithinMs, undefined, { ref: false })])
    await parts?.lock?.[Symbol.asyncDispose]()
  }
}

/** A transaction that has not ended by then never will. */
const closeWithinMs = 10_000

const writes = ['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode']

class PostgresSession implements DatabaseConnection {
  readonly #client: PoolClient
  readonly #url: string
  #isInTransaction = false
  /** The connection is in a state that nobody knows: it goes back to no pool. */
  #isSpoiled = false

  constructor(client: PoolClient, url: string) {
    this.#client = client
    this.#url = url
  }

  async begin(sql: string): Promise<void> {
    await this.#run(sql)
    this.#isInTransaction = true
  }

  async end(how: 'commit' | 'rollback'): Promise<void> {
    try {
      const { command } = await this.#run(how)
      // The answer to a commit of a transaction in which a statement failed: nothing was written.
      if (how === 'commit' && command === 'ROLLBACK')
        throw new Error('A statement of the transaction failed, so nothing of it was written.')
    } catch (error) {
      if (how === 'rollback') this.#isSpoiled = true
      throw error
    }
    this.#isInTransaction = false
  }

  release(): void {
    this.#client.release(this.#isSpoiled)
  }

  async executeQuery<R>({ sql, parameters, query }: CompiledQuery): Promise<QueryResult<R>> {
    if (this.#isInTransaction || !writes.includes(query.kind)) return resultOf(await this.#run(sql, parameters))
    return retried(async () => {
      await this.begin('begin isolation level serializable')
      try {
        const answer = await this.#run(sql, parameters)
        await this.end('commit')
        return resultOf(answer)
      } catch (error) {
        await this.end('rollback').catch(() => {})
        throw error
      }
    })
  }

  // biome-ignore lint/correctness/useYield: the interface wants a generator, and nothing streams from the store.
  async *streamQuery<R>(): AsyncIterableIterator<QueryResult<R>> {
    throw new Error('rows of the store are not streamed')
  }

  async #run(sql: string, parameters: readonly unknown[] = []): Promise<Answer> {
    try {
      return await this.#client.query(sql, parameters.map(storable))
    } catch (error) {
      const told = explained(error, this.#url)
      if (told !== error) this.#isSpoiled = true
      throw told
    }
  }
}

interface Answer {
  readonly command: string
  readonly rowCount: number | null
  readonly rows: unknown[]
}

/** Texts of PostgreSQL hold no zero character, and what programs print may. */
const storable = (value: unknown): unknown => (typeof value === 'string' ? value.replaceAll('\0', '\uFFFD') : value)

function resultOf<R>({ command, rowCount, rows }: Answer): QueryResult<R> {
  const isWrite = command === 'INSERT' || command === 'UPDATE' || command === 'DELETE'
  return { rows: rows as R[], ...(isWrite ? { numAffectedRows: BigInt(rowCount ?? 0) } : {}) }
}
