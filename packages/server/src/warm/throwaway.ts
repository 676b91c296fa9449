import { setTimeout as delay } from 'node:timers/promises'
import type { Reconciler } from '../runs/reconciler.ts'
import { changeRun, findRun } from '../runs/run-rows.ts'
import type { Db } from '../store/database.ts'
import type { RunRow } from '../store/schema.ts'
import { listThrowaways } from '../store/warm-starts.ts'

const lookEveryMs = 200

/** Resolves with the row once `isThere`; rejects with the signal's reason, and when the run fails. */
export async function reached(
  db: Db,
  id: string,
  isThere: (row: RunRow) => boolean | Promise<boolean>,
  signal: AbortSignal,
): Promise<RunRow> {
  for (;;) {
    signal.throwIfAborted()
    const row = await findRun(db, id)
    if (!row) throw new Error(`the throwaway run ${id} is gone`)
    if (await isThere(row)) return row
    if (row.state === 'FAILED') throw new Error(`its throwaway run failed: ${row.failure}`)
    await delay(lookEveryMs, undefined, { signal }).catch(() => {})
  }
}

const destroyed = { wanted: 'DESTROYED', state: 'DESTROYING' } as const

/** Destroys it, and returns when nothing of it is left on the host. */
export async function endThrowaway(db: Db, reconciler: Reconciler, id: string): Promise<void> {
  const row = await findRun(db, id)
  if (row?.wanted !== 'DESTROYED') await changeRun(db, id, destroyed)
  reconciler.worker(id).wake({ supersede: true })
  await reached(db, id, ({ state }) => state === 'DESTROYED', AbortSignal.timeout(60_000))
  reconciler.forget(id)
}

/** Once at start, before runs are taken up: those of a killed server are to be destroyed. */
export async function giveUpThrowaways(db: Db): Promise<void> {
  for (const id of await listThrowaways(db)) {
    if ((await findRun(db, id))?.wanted !== 'DESTROYED') await changeRun(db, id, destroyed)
  }
}
