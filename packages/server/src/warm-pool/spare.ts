import { transaction } from '../store/database.ts'
import type { Run } from '../store/runs.ts'
import { borrowDrives, borrowed } from './borrowed.ts'
import { insertThrowaway, reached } from './throwaway.ts'
import type { WarmTarget, WarmTools } from './warm-tools.ts'

/** With the time that it may stand still. */
const upWithinMs = 10 * 60_000

/** As RAMET_CRASH_AFTER takes them; in between are those of every resume. */
export const spareSteps: readonly string[] = ['spare/write-rows', 'spare/reach']

/**
 * Starts a run of the playground before anybody asks: from the snapshot that keeps it warm, with an identity of its own, up to its first command. It stays a throwaway
 * run until it is handed over, which it may be at any moment on its way. Returns its id. Whatever fails, the caller destroys it. Throws `not_enough_memory`.
 */
export async function makeSpare(
  tools: WarmTools,
  request: Pick<WarmTarget, 'playground' | 'plan'>,
  snapshotId: string,
  signal: AbortSignal,
): Promise<string> {
  const { db, reconciler, background, afterStep } = tools
  const id = await transaction(db, async (trx) => {
    const made = await insertThrowaway(trx, tools, request, 'ready to be used', await borrowed(trx, snapshotId))
    await borrowDrives(trx, made, request.plan, snapshotId)
    return made
  })
  afterStep('spare/write-rows')
  background.add(id)
  reconciler.worker(id).trigger()
  const isUsers = ({ purpose }: Run) => purpose === 'user'
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(upWithinMs)])
  const run = await reached(db, id, (each) => each.state === 'RUNNING' || isUsers(each), inTime)
  if (!isUsers(run) && run.start_kind !== 'warm') throw new Error(run.start_reason ?? 'it did not begin warm')
  background.delete(id)
  afterStep('spare/reach')
  return id
}
