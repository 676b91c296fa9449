import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestServer } from './server.ts'

/** Rows of the server's store, also of what nobody sees. */
export function readStore<T>({ home }: Pick<TestServer, 'home'>, sql: string): T[] {
  const db = new DatabaseSync(join(home, 'ramet.sqlite'))
  try {
    return db.prepare(sql).all() as T[]
  } finally {
    db.close()
  }
}

/** Changes rows of a server that is not running. */
export function changeStore({ home }: Pick<TestServer, 'home'>, sql: string): void {
  const db = new DatabaseSync(join(home, 'ramet.sqlite'))
  db.exec(sql)
  db.close()
}

export interface Throwaway {
  readonly id: string
  readonly state: string
  readonly maps_snapshot: string | null
}

/** Throwaway runs that are not gone yet. */
export const throwawaysOf = (server: Pick<TestServer, 'home'>): Throwaway[] =>
  readStore(server, "select id, state, maps_snapshot from runs where purpose = 'warm-start' and state != 'DESTROYED'")
