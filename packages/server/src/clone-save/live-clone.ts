import { type NextOverlay, nextOverlays, workflowSteps } from '@ramet/engine'
import type { MemoryRule } from '../admission/admission.ts'
import { newId } from '../playgrounds/new-id.ts'
import type { RunAtWork } from '../reconcile/active-run.ts'
import type { CloneRequest } from '../services.ts'
import type { LayerTools } from '../storage/layers/layer-tools.ts'
import { sealOverlays } from '../storage/layers/seal.ts'
import { toNewSnapshot } from '../storage/snapshots/snapshot-record.ts'
import type { Db } from '../store/database.ts'
import { announcedOverlays, announceOverlays } from '../store/drives.ts'
import { readRun } from '../store/runs.ts'
import { insertSnapshot } from '../store/snapshots.ts'
import { insertClones } from './clone-rows.ts'

/** As they are called in reports and by the fault injector. */
export const liveCloneSteps: readonly string[] = [...workflowSteps['live-clone'], 'live-clone/write-rows']

export interface LiveCloneRules {
  readonly memory: MemoryRule
  /** Throws in the transaction that makes the clones when the user may have no more. */
  mayWrite(trx: Db): Promise<void>
}

/**
 * New runs from one that runs, with its memory, its drives and the connections between its machines as they were at one instant; one pause of its machines, however
 * many are wanted. In one transaction the old overlays become layers, the source stands on them with its new ones, the snapshot is written down and the clones that are
 * to resume it. Whatever fails, the source runs on.
 */
export async function cloneLive(
  run: RunAtWork,
  layers: LayerTools,
  request: CloneRequest,
  { memory, mayWrite }: LiveCloneRules,
): Promise<string[]> {
  const { db } = layers
  const { tools, signal } = run
  const store = tools.store(run.id)
  const id = newId()
  let announced: readonly NextOverlay[] = []
  run.report({ step: 'live-clone', message: 'Cutting its machines’ memory and drives' })
  try {
    const on = tools.host.on(run.id).map(({ machine }) => machine)
    const overlays = nextOverlays(await store.read(), on)
    await announceOverlays(db, run.id, overlays)
    announced = overlays
    const { snapshot, figures } = await tools.host.cut({
      runId: run.id,
      snapshotId: id,
      overlays,
      store,
      signal,
      afterStep: tools.afterStep,
    })
    tools.log.info({ run: run.id, snapshot: id, bytes: snapshot.bytes, ...figures }, 'a running run was cut')
    const ids = (await sealOverlays(layers, run.id, overlays, async (trx) => {
      await mayWrite(trx)
      await insertSnapshot(trx, { ...toNewSnapshot(run.id, 'clone', snapshot), isDurable: false })
      return insertClones(trx, await readRun(trx, run.id), { ...request, start: true }, memory, id)
    })) as string[]
    announced = []
    tools.afterStep('live-clone/write-rows')
    layers.snapshotTaken?.(id)
    return ids
  } catch (error) {
    await settleAnnounced(run, layers, announced).catch((failed) =>
      tools.log.error({ err: failed, run: run.id }, 'what a cut had begun is settled later'),
    )
    throw error
  } finally {
    run.settled()
  }
}

/** Finishes, for machines that are on, what a cut had begun with their drives when it was broken off. Harmless when there is nothing to do. */
export async function settleCut(run: RunAtWork, layers: LayerTools): Promise<void> {
  await settleAnnounced(run, layers, await announcedOverlays(layers.db, run.id))
}

async function settleAnnounced(run: RunAtWork, layers: LayerTools, announced: readonly NextOverlay[]): Promise<void> {
  if (announced.length === 0) return
  const { taken, notTaken } = await run.tools.host.settleCut(run.id, announced)
  if (taken.length > 0) await sealOverlays(layers, run.id, taken)
  await announceOverlays(
    layers.db,
    run.id,
    notTaken.map((each) => ({ ...each, nextOverlay: null })),
  )
}
