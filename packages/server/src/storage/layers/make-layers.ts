import { asSpaceError, type OverlayToLayer, type SealedFile } from '@ramet/engine'
import { type Db, transaction } from '../../store/database.ts'
import { type DriveOverlay, dropOverlay, listDrives, readDrive, standOnSealed } from '../../store/drives.ts'
import {
  forgetBuilding,
  insertBuilding,
  isBuilding,
  layerChain,
  markSealed,
  newLayerName,
  setParent,
} from '../../store/layers.ts'
import type { LayerTools } from './layer-tools.ts'

/**
 * Runs in the transaction that makes the layers; if it throws, nothing is changed. It must use only `trx` and have no other effects, since the transaction
 * may be retried.
 */
export type Within<T> = (trx: Db) => Promise<T>

export interface OverlaysToSeal {
  readonly sealed: readonly DriveOverlay[]
  /** Overlays that were never written to. Their drives have none afterwards. */
  readonly dropped: readonly DriveOverlay[]
  /** Others will stand on the drives' layers while the run's machines are on: then these may keep no way to write to them. */
  readonly isForOthers?: boolean
}

/** An overlay that is becoming a layer. */
type Sealing = DriveOverlay & OverlayToLayer & { readonly layerId: string }

/**
 * Makes layers of overlays, all or none. First come rows of unfinished layers, then durable second names of the files. One transaction seals the layers, puts the drives
 * on them, and runs `within`. Last the first names are removed. A crash before the transaction leaves overlays with a second name, a crash after it leaves such layers: the next
 * start removes the name that no row accounts for.
 */
export async function makeLayers<T>(
  tools: LayerTools,
  runId: string,
  { sealed, dropped, isForOthers = false }: OverlaysToSeal,
  within: Within<T>,
): Promise<T> {
  const { db, home, storage, afterStep } = tools
  const sealings = await begin(db, runId, sealed).catch((error) => {
    throw asSpaceError(error, home)
  })
  if (sealings.length > 0) afterStep?.('seal/begin')
  const files = await orUndone(tools, sealings, async () => {
    const made = await storage.seal(sealings)
    if (isForOthers) await storage.requireUnwritten([...sealings.map(({ layer }) => layer), ...(await layersOf(db, runId))])
    return made
  })
  if (sealings.length > 0) afterStep?.('seal/link-overlays')
  const result = await orUndone(tools, sealings, () =>
    transaction(db, async (trx) => {
      for (const [index, sealing] of sealings.entries()) await finish(trx, runId, sealing, files[index] as SealedFile)
      for (const drive of dropped) await dropOverlay(trx, runId, drive)
      return within(trx)
    }),
  )
  const old = [...sealings, ...dropped].map(({ overlay }) => ({ runId, overlay }))
  if (old.length > 0) afterStep?.('seal/swap')
  // What cannot be unlinked is reclaimed when the server starts: no drive names it any more.
  await storage.removeOverlays(old).catch(() => {})
  tools.changed?.()
  return result
}

/** Files of all that the run's drives stand on. An earlier cut may have been refused since a machine could still write to one of them. */
async function layersOf(db: Db, runId: string): Promise<string[]> {
  const ids = (await listDrives(db, runId)).flatMap(({ layer_id: id }) => (id === null ? [] : [id]))
  const chains = await Promise.all([...new Set(ids)].map((id) => layerChain(db, id)))
  return [...new Set(chains.flat().map(({ file }) => file))]
}

/** Inserts the rows first, so that every file among the layers has a row. The rows also keep their parents. */
async function begin(db: Db, runId: string, overlays: readonly DriveOverlay[]): Promise<Sealing[]> {
  if (overlays.length === 0) return []
  return transaction(db, async (trx) => {
    const sealings: Sealing[] = []
    for (const overlay of overlays) {
      const drive = await readDrive(trx, runId, overlay)
      const { id, file } = newLayerName()
      await insertBuilding(trx, { id, parentId: drive.layer_id, file, sizeBytes: drive.size_bytes })
      sealings.push({ ...overlay, runId, layerId: id, layer: file })
    }
    return sealings
  })
}

async function finish(trx: Db, runId: string, sealing: Sealing, file: SealedFile): Promise<void> {
  await markSealed(trx, sealing.layerId, file)
  // The drive's layer may meanwhile have been merged into another one with the same content.
  await setParent(trx, sealing.layerId, (await readDrive(trx, runId, sealing)).layer_id)
  await standOnSealed(trx, runId, sealing, sealing.layerId)
}

async function orUndone<T>(tools: LayerTools, sealings: readonly Sealing[], work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    for (const sealing of sealings) await undo(tools, sealing).catch(() => {})
    throw asSpaceError(error, tools.home)
  }
}

/** Undoes what was begun: the overlay still has its own name. What fails here is undone at the next start. */
async function undo({ db, storage }: LayerTools, sealing: Sealing): Promise<void> {
  // A commit that reported a failure may have succeeded: then the file is a layer.
  if (!(await isBuilding(db, sealing.layerId))) return
  await storage.unseal(sealing)
  await forgetBuilding(db, sealing.layerId)
}
