import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { StoreAddress } from '../../store/address.ts'
import { type Db, openDatabase } from '../../store/database.ts'
import type { TestPostgres } from './test-postgres.ts'

/** An empty store of a test's own, which several handles may open. They are closed with it. */
export interface FreshStore extends AsyncDisposable {
  readonly address: StoreAddress
  open(): Promise<Db>
}

export type MakeStore = () => Promise<FreshStore>

export const freshSqlite: MakeStore = async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-store-'))
  return fresh({ file: join(folder, 'ramet.sqlite') }, () => rm(folder, { recursive: true }))
}

export const freshPostgres =
  (server: TestPostgres): MakeStore =>
  async () =>
    fresh({ url: await server.makeDatabase() }, async () => {})

function fresh(address: StoreAddress, remove: () => Promise<void>): FreshStore {
  const opened: Db[] = []
  return {
    address,
    async open() {
      const db = await openDatabase(address)
      opened.push(db)
      return db
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(opened.map((db) => db.destroy()))
      await remove()
    },
  }
}
