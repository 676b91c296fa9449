import { type NextOverlay, nextOverlays } from '@ramet/engine'
import type { MemoryRule } from '../admission/admission.ts'
import { newId } from '../playgrounds/new-id.ts'
import type { RunAtWork } from '../reconcile/run-at-work.ts'
import type { CloneRequest } from '../services.ts'
import type { LayerTools } from '../storage/layers/layer-tools.ts'
import { sealOverlays } from '../storage/layers/seal.ts'
import { toNewSnapshot } from '../storage/snapshots/snapshot-record.ts'
import type { Db } from '../store/database.ts'
import { announceOverlays } from '../store/drives.ts'
import { readRun } from '../store/runs.ts'
import { insertSnapshot } from '../store/snapshots.ts'
import { insertClones } from './clone-rows.ts'
import { settleAnnounced } from './settle-cut.ts'

export interface LiveCloneRules {
  readonly memory: MemoryRule
  /** Called in the transaction that makes the clones; throws when the user may have no more. */
  mayWrite(trx: Db): Promise<void>
}

/**
 * Clones a running run with its memory, its drives and the connections between its machines as they were at one instant. Its machines pause once, however
 * many clones are wanted. One transaction makes the old overlays layers, puts the source's new overlays on them, and records the snapshot and the clones that will
 * resume it. Whatever fails, the source goes on.
 */
export async function cloneLive(
  run: RunAtWork,
  layers: LayerTools,
  request: CloneRequest,
  { memory, mayWrite }: LiveCloneRules,
): Promise<string[]> {
  const { db } = layers
  const { host, log, afterStep } = run.tools
  const id = newId()
  let announced: readonly NextOverlay[] = []
  run.report({ step: 'live-clone', message: 'Cutting its machines’ memory and drives' })
  try {
    const overlays = nextOverlays(
      await run.store.read(),
      host.on(run.id).map(({ machine }) => machine),
    )
    await announceOverlays(db, run.id, overlays)
    announced = overlays
    const { snapshot, figures } = await host.cut({
      runId: run.id,
      snapshotId: id,
      overlays,
      store: run.store,
      signal: run.signal,
      afterStep,
    })
    log.info({ run: run.id, snapshot: id, bytes: snapshot.bytes, ...figures }, 'a running run was cut')
    const ids = (await sealOverlays(layers, run.id, overlays, async (trx) => {
      await mayWrite(trx)
      await insertSnapshot(trx, { ...toNewSnapshot(run.id, 'clone', snapshot), isDurable: false })
      return insertClones(trx, await readRun(trx, run.id), { ...request, start: true }, memory, id)
    })) as string[]
    announced = []
    afterStep('live-clone/write-rows')
    layers.snapshotTaken?.(id)
    return ids
  } catch (error) {
    await settleAnnounced(host, layers, run.id, announced).catch((failed) =>
      log.error({ err: failed, run: run.id }, 'what a cut had begun is settled later'),
    )
    throw error
  } finally {
    run.settled()
  }
}
