import { transaction } from '../store/database.ts'
import type { Run } from '../store/runs.ts'
import { borrowDrives, borrowed } from './borrowed.ts'
import { insertThrowaway, reached } from './throwaway.ts'
import type { WarmTarget, WarmTools } from './warm-tools.ts'

/** Includes time in which it may be paused. */
const upWithinMs = 10 * 60_000

/** Step names for crash tests; the steps of every resume are in between. */
export const spareSteps: readonly string[] = ['spare/write-rows', 'spare/reach']

/**
 * Makes a spare: starts a run of the playground from its warm start's snapshot, with its own identity, up to its first command. It stays a throwaway
 * run until it is handed over, which may happen while it starts. Returns its id. On failure the caller destroys it. Throws `not_enough_memory`.
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
