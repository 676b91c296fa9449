import type { NextOverlay } from '@ramet/engine/host/perform.ts'
import { cutLive, liveCutSteps, nextOverlays, settleLive } from '@ramet/engine/run/cut-live.ts'
import type { CutReport } from '@ramet/engine/snapshot/take.ts'
import type { MemoryRule } from '../admission/admission.ts'
import { newId } from '../playgrounds/new-id.ts'
import type { RunAtWork } from '../reconcile/active-run.ts'
import type { CloneRequest } from '../services.ts'
import type { LayerTools } from '../storage/layers/layer-tools.ts'
import { sealOverlays } from '../storage/layers/seal.ts'
import { toNewSnapshot } from '../storage/snapshots/snapshot-record.ts'
import { announcedOverlays, announceOverlays } from '../store/drives.ts'
import { readRun } from '../store/runs.ts'
import { insertSnapshot } from '../store/snapshots.ts'
import { insertClones } from './clone-rows.ts'

/** As they are called in reports and by the fault injector. */
export const liveCloneSteps: readonly string[] = [...liveCutSteps, 'live-clone/write-rows']

/**
 * New runs from one that runs, with its memory, its drives and the connections between its machines as they were at one instant; one pause of its machines, however
 * many are wanted. In one transaction the old overlays become layers, the source stands on them with its new ones, the snapshot is written down and the clones that are
 * to resume it. Whatever fails, the source runs on.
 */
export async function cloneLive(
  run: RunAtWork,
  layers: LayerTools,
  request: CloneRequest,
  memory: MemoryRule,
): Promise<string[]> {
  const { db } = layers
  const { tools, live, signal } = run
  const id = newId()
  let announced: readonly NextOverlay[] = []
  run.report({ step: 'live-clone', message: 'Cutting its machines’ memory and drives' })
  try {
    const record = await tools.store(run.id).read()
    const overlays = nextOverlays(
      record,
      live.all().map(({ name }) => name),
    )
    await announceOverlays(db, run.id, overlays)
    announced = overlays
    const cut = await cutLive(
      {
        host: tools.host,
        run: record,
        live,
        signal,
        afterStep: tools.afterStep,
        overlays,
      },
      id,
    )
    tools.log.info({ run: run.id, snapshot: id, bytes: cut.bytes, ...figuresOf(cut.report) }, 'a running run was cut')
    const taken = { id, at: cut.at, stamp: cut.stamp, bytes: cut.bytes, machines: cut.machines }
    const ids = (await sealOverlays(layers, run.id, overlays, async (trx) => {
      await insertSnapshot(trx, { ...toNewSnapshot(run.id, 'clone', taken), isDurable: false })
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

/** `pauseMs`: of all machines, for the cut. `firstPauseMs`: the longest that one stood before, when its copying began. Bytes: of all machines. */
function figuresOf({ pauseMs, totalMs, machines }: CutReport) {
  const sum = (figure: 'copiedBytes' | 'pausedBytes') => machines.reduce((all, each) => all + each[figure], 0)
  return {
    pauseMs,
    firstPauseMs: Math.max(...machines.map(({ firstPauseMs }) => firstPauseMs)),
    totalMs,
    copiedBytes: sum('copiedBytes'),
    pausedBytes: sum('pausedBytes'),
  }
}

/** Finishes, for machines that are on, what a cut had begun with their drives when it was broken off. Harmless when there is nothing to do. */
export async function settleCut(run: RunAtWork, layers: LayerTools): Promise<void> {
  await settleAnnounced(run, layers, await announcedOverlays(layers.db, run.id))
}

async function settleAnnounced(run: RunAtWork, layers: LayerTools, announced: readonly NextOverlay[]): Promise<void> {
  if (announced.length === 0) return
  const { taken, notTaken } = await settleLive(layers.home, run.id, run.live, announced)
  if (taken.length > 0) await sealOverlays(layers, run.id, taken)
  await announceOverlays(
    layers.db,
    run.id,
    notTaken.map((each) => ({ ...each, nextOverlay: null })),
  )
}
