import type { Host, NextOverlay } from '@ramet/engine'
import type { LayerTools } from '../storage/layers/layer-tools.ts'
import { sealOverlays } from '../storage/layers/seal.ts'
import { announcedOverlays, announceOverlays } from '../store/drives.ts'

type Tools = Pick<Host, 'settleCut'>

/** Finishes an interrupted cut for the drives of machines that are on. Does nothing when there is none. */
export async function settleCut(host: Tools, layers: LayerTools, runId: string): Promise<void> {
  await settleAnnounced(host, layers, runId, await announcedOverlays(layers.db, runId))
}

export async function settleAnnounced(
  host: Tools,
  layers: LayerTools,
  runId: string,
  announced: readonly NextOverlay[],
): Promise<void> {
  if (announced.length === 0) return
  const { taken, notTaken } = await host.settleCut(runId, announced)
  if (taken.length > 0) await sealOverlays(layers, runId, taken)
  await announceOverlays(
    layers.db,
    runId,
    notTaken.map((each) => ({ ...each, nextOverlay: null })),
  )
}
