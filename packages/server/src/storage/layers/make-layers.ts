import { asSpaceError, type OverlayToLayer, type SealedFile } from '@ramet/engine'
import { type Db, transaction } from '../../store/database.ts'
import { type DriveOverlay, dropOverlay, readDrive, standOnSealed } from '../../store/drives.ts'
import { forgetBuilding, insertBuilding, isBuilding, markSealed, newLayerName, setParent } from '../../store/layers.ts'
import type { LayerTools } from './layer-tools.ts'

/**
 * Done in the very transaction that makes the layers; what it throws leaves everything as it was. It uses `trx` alone and has no other effect: a transaction that
 * meets another one is done again.
 */
export type Within<T> = (trx: Db) => Promise<T>

export interface OverlaysToSeal {
  readonly sealed: readonly DriveOverlay[]
  /** Never written to: their drives have none afterwards. */
  readonly dropped: readonly DriveOverlay[]
}

/** An overlay on its way to be a layer. */
type Sealing = DriveOverlay & OverlayToLayer & { readonly layerId: string }

/**
 * Layers of overlays, all or none: rows of layers that are being built; second names of the files, durable; then in one transaction the layers are sealed, the drives stand
 * on them, and `within` is done; last the first names go. A crash before the transaction leaves overlays that have a second name, one after it layers that have: at the next
 * start the name that no row accounts for is removed.
 */
export async function makeLayers<T>(
  tools: LayerTools,
  runId: string,
  { sealed, dropped }: OverlaysToSeal,
  within: Within<T>,
): Promise<T> {
  const { db, home, storage, afterStep } = tools
  const sealings = await begin(db, runId, sealed).catch((error) => {
    throw asSpaceError(error, home)
  })
  if (sealings.length > 0) afterStep?.('seal/begin')
  const files = await orUndone(tools, sealings, () => storage.seal(sealings))
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

/** Rows first: a file that appears among the layers belongs to one. They hold their parents meanwhile. */
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
  // What the drive stood on may have been merged meanwhile into a layer with the same content.
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

/** The overlay has its own name still: what was begun is taken back. What fails here is taken back when the server starts. */
async function undo({ db, storage }: LayerTools, sealing: Sealing): Promise<void> {
  // A commit may have happened although it was said to have failed: then the file is a layer.
  if (!(await isBuilding(db, sealing.layerId))) return
  await storage.unseal(sealing)
  await forgetBuilding(db, sealing.layerId)
}
