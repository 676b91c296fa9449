import { test } from 'node:test'
import { insertRun } from '../../runs/new-run.ts'
import { type Db, now, transaction } from '../../store/database.ts'
import { insertBuilding, markSealed } from '../../store/layers.ts'
import { insertPlayground } from '../../store/playgrounds.ts'
import { openOwner, type User } from '../../store/users.ts'
import { planWithDrives } from '../plan-with-drives.ts'
import type { MakeStore } from './fresh-store.ts'

export const handles = 8

/** Declares tests of one kind of store. `open` opens one more handle on the same store. */
export const testsOf =
  (kind: string, make: MakeStore) => (title: string, body: (db: Db, open: () => Promise<Db>) => Promise<void>) =>
    test(`${kind}: ${title}`, async () => {
      await using store = await make()
      await body(await store.open(), () => store.open())
    })

/** `work` in eight handles at once, `times` times in each. Handles are opened before. */
export async function race<T>(
  open: () => Promise<Db>,
  times: number,
  work: (db: Db) => Promise<T>,
): Promise<PromiseSettledResult<T>[]> {
  const racing = await Promise.all(Array.from({ length: handles }, open))
  return Promise.allSettled(racing.flatMap((db) => Array.from({ length: times }, () => work(db))))
}

export const sealed = { bytes: 512, lengthBytes: 512, modifiedAt: '0' }

export async function layer(db: Db, id: string, parentId: string | null = null): Promise<void> {
  await insertBuilding(db, { id, parentId, file: `layers/${id}.qcow2`, sizeBytes: 1024 })
  await markSealed(db, id, sealed)
}

/** One statement by itself: takes the layer away if the other one is there. */
export async function removeIf(db: Db, mine: string, yours: string): Promise<void> {
  await db
    .deleteFrom('layers')
    .where('id', '=', mine)
    .where(({ exists, selectFrom }) => exists(selectFrom('layers as other').select('other.id').where('other.id', '=', yours)))
    .execute()
}

export async function addPlayground(db: Db, user: User, name: string): Promise<string> {
  const id = `id-${Math.random()}`
  const texts = { title: name, description: '', categories: '[]', markdown: null, cover: null, spec: '{"machines":[]}' }
  const times = { created_at: now(), updated_at: now(), removed_at: null }
  await insertPlayground(db, { id, name, owner_id: user.id, base: 'b', base_id: null, saved_from: null, ...texts, ...times })
  return id
}

export const requestOf = (user: User, playgroundId: string) => ({
  owner_id: user.id,
  playground_id: playgroundId,
  playground_name: 'p',
  playground_title: 'p',
  plan: planWithDrives([]),
  title: 't',
  clonedFrom: null,
})

/** A user, a playground and a stopped run of it. */
export async function world(db: Db): Promise<{ user: User; playgroundId: string; runId: string }> {
  const user = await openOwner(db)
  const playgroundId = await addPlayground(db, user, 'p')
  const runId = await addRun(db, user, playgroundId)
  return { user, playgroundId, runId }
}

export const addRun = (db: Db, user: User, playgroundId: string): Promise<string> =>
  transaction(db, (trx) =>
    insertRun(trx, { ...requestOf(user, playgroundId), start: false, memory: { totalBytes: 0, bytesOf: () => 0 } }),
  )

export const ascending = (a: number, b: number) => a - b
export const idsOf = (rows: readonly { id: string }[]) => rows.map(({ id }) => id)

export function valuesOf<T>(outcomes: readonly PromiseSettledResult<T>[]): T[] {
  return outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason
    return outcome.value
  })
}
