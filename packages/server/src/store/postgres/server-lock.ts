import { RametError } from '@ramet/model/errors/error.ts'
import type { Client, ClientConfig } from 'pg'
import { describeUrl } from '../address.ts'
import { explained } from './errors.ts'

/** The key of our advisory lock in a database: `ramet` in ASCII. */
export const lockKey = 0x72616d6574

const againAfterMs = 1000

export interface ServerLockOptions {
  readonly url: string
  readonly config: ClientConfig
  makeClient(config: ClientConfig): Client
  /** Another server has taken the database over while it could not be reached. This one must write nothing any more. */
  onLost(error: RametError): void
}

/**
 * A database belongs to one server at a time. The lock is an advisory one of a connection of its own, which PostgreSQL gives up when the server or its host
 * ends (postgresql.org/docs/15/explicit-locking.html#ADVISORY-LOCKS). When the connection breaks it is taken again. Throws `database_in_use`.
 */
export async function lockDatabase(options: ServerLockOptions): Promise<AsyncDisposable> {
  let isClosed = false
  let timer: NodeJS.Timeout | undefined
  let current: Client | undefined

  async function take(): Promise<void> {
    const client = options.makeClient(options.config)
    client.on('error', () => {})
    try {
      await client.connect()
      const { rows } = await client.query('select pg_try_advisory_lock($1) as is_ours', [lockKey])
      if (rows[0]?.is_ours !== true) throw inUse(options.url)
    } catch (error) {
      await client.end().catch(() => {})
      throw explained(error, options.url)
    }
    current = client
    client.on('end', later)
    if (isClosed) await client.end()
  }

  function later(): void {
    if (isClosed) return
    timer = setTimeout(() => void again(), againAfterMs)
    timer.unref()
  }

  async function again(): Promise<void> {
    try {
      await take()
    } catch (error) {
      if (error instanceof RametError && error.code === 'database_in_use') options.onLost(error)
      else later()
    }
  }

  await take()
  return {
    async [Symbol.asyncDispose]() {
      isClosed = true
      clearTimeout(timer)
      await current?.end().catch(() => {})
    },
  }
}

const inUse = (url: string) =>
  new RametError('database_in_use', 409, `${describeUrl(url)} is used by another server.`, {
    hint: 'Stop that one first, or give this one a database of its own: RAMET_DATABASE=postgres://…',
  })
