import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { TestServer } from './server.ts'

/** Beside a server that writes: without it a statement that meets a write fails at once. */
const busyMs = 10_000
const open = ({ home }: Pick<TestServer, 'home'>) => new DatabaseSync(join(home, 'ramet.sqlite'), { timeout: busyMs })

/** Rows of the server's store, also of what nobody sees. */
export function readStore<T>(server: Pick<TestServer, 'home'>, sql: string): T[] {
  const db = open(server)
  try {
    return db.prepare(sql).all() as T[]
  } finally {
    db.close()
  }
}

/** Changes rows of a server that is not running. */
export function changeStore(server: Pick<TestServer, 'home'>, sql: string): void {
  const db = open(server)
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
