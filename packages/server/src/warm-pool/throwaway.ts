import { setTimeout as delay } from 'node:timers/promises'
import { insertRun, type NewRunRequest } from '../runs/new-run.ts'
import { transition } from '../runs/run.ts'
import { type Db, transaction } from '../store/database.ts'
import { findRun, type Run } from '../store/runs.ts'
import { listThrowaways } from '../store/warm-starts.ts'
import type { WarmTarget, WarmTools } from './warm-tools.ts'

const lookEveryMs = 200

/** Inserts the rows of a throwaway run that starts. `titled`: its purpose, for the log. Call it in a transaction. Throws `not_enough_memory`. */
export const insertThrowaway = (
  trx: Db,
  { ownerId, memory }: Pick<WarmTools, 'ownerId' | 'memory'>,
  { playground, plan }: Pick<WarmTarget, 'playground' | 'plan'>,
  titled: string,
  resumes?: NewRunRequest['resumes'],
): Promise<string> =>
  insertRun(trx, {
    owner_id: ownerId,
    playground_id: playground.id,
    playground_name: playground.name,
    playground_title: playground.title,
    plan,
    resumes,
    title: `${playground.title}, ${titled}`.slice(0, 120),
    clonedFrom: null,
    start: true,
    memory,
    purpose: 'warm-start',
  })

/** Resolves with the row once `isThere`; rejects with the signal's reason, and when the run fails. */
export async function reached(
  db: Db,
  id: string,
  isThere: (row: Run) => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<Run> {
  for (;;) {
    signal.throwIfAborted()
    const row = await findRun(db, id)
    if (!row) throw new Error(`the throwaway run ${id} is gone`)
    if (await isThere(row)) return row
    if (row.state === 'FAILED') throw new Error(`its throwaway run failed: ${row.failure?.message}`)
    await delay(lookEveryMs, undefined, { signal }).catch(() => {})
  }
}

/** Makes it wanted DESTROYED. Returns false when it was handed to a user meanwhile. */
async function condemn(db: Db, id: string): Promise<boolean> {
  return transaction(db, async (trx) => {
    const row = await findRun(trx, id)
    if (row?.purpose !== 'warm-start') return false
    if (row.wanted !== 'DESTROYED') await transition(trx, id, { action: 'destroy' })
    return true
  })
}

/** Destroys it and waits until nothing of it is left on the host. Does nothing when it was handed to a user. */
export async function endThrowaway(
  { db, reconciler, background }: Pick<WarmTools, 'db' | 'reconciler' | 'background'>,
  id: string,
): Promise<void> {
  background.delete(id)
  if (!(await condemn(db, id))) return
  reconciler.worker(id).trigger({ supersede: true })
  await reached(db, id, ({ state }) => state === 'DESTROYED', AbortSignal.timeout(60_000))
}

/** At start, before the reconciler begins: makes throwaway runs of a killed server wanted DESTROYED. */
export async function destroyThrowaways(db: Db): Promise<void> {
  for (const { id } of await listThrowaways(db)) await condemn(db, id)
}
