import { randomBytes } from 'node:crypto'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { SealedFile } from '@ramet/engine/disk/layer-store.ts'
import { asSpaceError } from '@ramet/engine/disk/space.ts'
import { overlaysFolder } from '@ramet/engine/run/run-folder.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { isOff } from '@ramet/model/run/run-state.ts'
import { readRun } from '../../runs/run-rows.ts'
import { type Db, transaction } from '../../store/database.ts'
import { insertBuilding, markSealed } from '../../store/layers.ts'
import type { DriveRow } from '../../store/schema.ts'
import type { LayerTools } from './layer-tools.ts'

/** A overlay that becomes a layer, and the name of the one that takes its place; null: the drive has none until its machine starts. */
export interface OverlayToSeal {
  readonly machine: string
  readonly driveIndex: number
  readonly overlay: string
  readonly nextOverlay: string | null
}

/** Done in the very transaction that makes the layers; what it throws leaves everything as it was. `trx` alone may be used inside. */
export type Within<T> = (trx: Db) => Promise<T>

/**
 * Makes layers of the overlays of a run that is off, all drives at once or none, and does `within` in the same transaction (say, inserts the rows of a clone). Afterwards no
 * drive of the run has a overlay. A drive without one is not sealed again, and a overlay that nothing was written to is dropped. Nothing is copied: the time is that of a few
 * fsyncs. Repeating it is harmless. Throws `run_not_off`, `no_space`.
 */
export async function sealDrives<T = void>(tools: LayerTools, runId: string, within?: Within<T>): Promise<T | undefined> {
  return tools.locks.hold(runId, async () => {
    const { last_state_at: since } = await mustBeOff(tools.db, runId)
    await settle(tools, runId)
    const drives = await drivesWithOverlay(tools.db, runId)
    const untouched = await Promise.all(
      drives.map(({ overlay }) => tools.layers.isUntouched(join(overlaysFolder(tools.home, runId), overlay))),
    )
    const overlays = drives.filter((_, index) => !untouched[index])
    const dropped = drives.filter((_, index) => untouched[index])
    return sealAll(tools, runId, overlays, dropped, async (trx) => {
      // Somebody who starts the run writes that down before any machine is: it is off as it was, or nothing is sealed.
      const now = await mustBeOff(trx, runId)
      if (now.last_state_at !== since) throw runNotOff(runId, now.state)
      return within?.(trx)
    })
  })
}

/**
 * The same for a run whose machines that are on are paused, have flushed their drives, and will never go on. `within` must write down that they will not, in the
 * same transaction. Throws `drive_changed` when a cut of before is not settled.
 */
export async function sealPaused<T>(tools: LayerTools, runId: string, within: Within<T>): Promise<T> {
  return tools.locks.hold(runId, async () => {
    const drives = await drivesWithOverlay(tools.db, runId)
    const unsettled = await tools.db
      .selectFrom('drives')
      .selectAll()
      .where('run_id', '=', runId)
      .where('next_overlay', 'is not', null)
      .executeTakeFirst()
    if (unsettled) throw driveChanged(runId, unsettled.machine, unsettled.drive_index)
    const isUntouched = await Promise.all(
      drives.map(({ overlay }) => tools.layers.isUntouched(join(overlaysFolder(tools.home, runId), overlay))),
    )
    const overlays = drives.filter((_, index) => !isUntouched[index])
    const dropped = drives.filter((_, index) => isUntouched[index])
    return sealAll(tools, runId, overlays, dropped, within)
  })
}

/**
 * The same for drives whose machines run: QEMU has the given overlays open below others and writes to them no more (`nextOverlay`, announced before by `announceOverlays`).
 * In one transaction the layers are sealed, the drives stand on them, the next overlays are their overlays, and `within` is done.
 */
export async function sealOverlays<T = void>(
  tools: LayerTools,
  runId: string,
  overlays: readonly OverlayToSeal[],
  within?: Within<T>,
): Promise<T | undefined> {
  return tools.locks.hold(runId, () => sealAll(tools, runId, overlays, [], async (trx) => within?.(trx)))
}

/** Writes down which overlays QEMU is about to be given above the drives' overlays. To be done before it is told, so that a crash in between leaks and loses nothing. */
export async function announceOverlays(db: Db, runId: string, overlays: readonly OverlayToSeal[]): Promise<void> {
  await transaction(db, async (trx) => {
    for (const overlay of overlays) await changeDrive(trx, runId, overlay, { next_overlay: overlay.nextOverlay })
  })
}

/**
 * To be called while the run's machines are off, before anything opens its drives: waits until nobody seals them, and finishes what a VM that is gone had begun: if its
 * next overlay was made, the one below may have been left by QEMU for it, and is sealed. (If it was not, the next one is empty, and the drive reads the same.)
 */
export async function settleOverlays(tools: LayerTools, runId: string): Promise<void> {
  await tools.locks.hold(runId, () => settle(tools, runId))
}

async function settle(tools: LayerTools, runId: string): Promise<void> {
  const rows = await tools.db
    .selectFrom('drives')
    .selectAll()
    .where('run_id', '=', runId)
    .where('next_overlay', 'is not', null)
    .execute()
  const overlays = rows.map((row) => ({
    machine: row.machine,
    driveIndex: row.drive_index,
    overlay: row.overlay ?? '',
    nextOverlay: row.next_overlay,
  }))
  const isMade = await Promise.all(
    overlays.map(({ nextOverlay }) => isThere(join(overlaysFolder(tools.home, runId), nextOverlay ?? ''))),
  )
  const notMade = overlays.filter((_, index) => !isMade[index]).map((overlay) => ({ ...overlay, nextOverlay: null }))
  await announceOverlays(tools.db, runId, notMade)
  const made = overlays.filter((_, index) => isMade[index])
  if (made.length > 0) await sealAll(tools, runId, made, [], async () => {})
}

const isThere = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  )

interface Sealing extends OverlayToSeal {
  readonly layerId: string
  /** Relative to the home. */
  readonly file: string
}

async function sealAll<T>(
  tools: LayerTools,
  runId: string,
  overlays: readonly OverlayToSeal[],
  dropped: readonly OverlayToSeal[],
  within: Within<T>,
): Promise<T> {
  const { db, home, layers, afterStep } = tools
  const path = (overlay: string) => join(overlaysFolder(home, runId), overlay)
  const sealings = await begin(db, runId, overlays).catch((error) => {
    throw asSpaceError(error, home)
  })
  if (sealings.length > 0) afterStep?.('seal/begin')
  const orUndone = async <R>(work: () => Promise<R>): Promise<R> => {
    try {
      return await work()
    } catch (error) {
      await undo(tools, runId, sealings)
      throw asSpaceError(error, home)
    }
  }
  const files = await orUndone(() =>
    layers.seal(sealings.map(({ overlay, file }) => ({ overlay: path(overlay), layer: join(home, file) }))),
  )
  if (sealings.length > 0) afterStep?.('seal/link-overlays')
  const result = await orUndone(() =>
    transaction(db, async (trx) => {
      for (const [index, sealing] of sealings.entries()) {
        await markSealed(trx, sealing.layerId, files[index] as SealedFile)
        // What the drive stood on may have been merged meanwhile into a layer with the same content.
        const { layer_id } = await readDrive(trx, runId, sealing)
        await trx.updateTable('layers').set({ parent_id: layer_id }).where('id', '=', sealing.layerId).execute()
        await changeDrive(trx, runId, sealing, { layer_id: sealing.layerId, overlay: sealing.nextOverlay, next_overlay: null })
      }
      for (const drive of dropped) await changeDrive(trx, runId, drive, { overlay: null })
      return within(trx)
    }),
  )
  const old = [...sealings, ...dropped]
  if (old.length > 0) afterStep?.('seal/swap')
  // The layer's name holds the file now. What cannot be unlinked is reclaimed when the server starts: no drive names it any more.
  await Promise.all(old.map(({ overlay }) => rm(path(overlay), { force: true }).catch(() => {})))
  tools.changed?.()
  return result
}

/** Rows first: a file that appears among the layers belongs to one. They hold their parents meanwhile. */
async function begin(db: Db, runId: string, overlays: readonly OverlayToSeal[]): Promise<Sealing[]> {
  if (overlays.length === 0) return []
  return transaction(db, async (trx) => {
    const sealings: Sealing[] = []
    for (const overlay of overlays) {
      const drive = await readDrive(trx, runId, overlay)
      const layerId = randomBytes(12).toString('hex')
      const file = join('layers', `${layerId}.qcow2`)
      await insertBuilding(trx, { id: layerId, parentId: drive.layer_id, file, sizeBytes: drive.size_bytes })
      sealings.push({ ...overlay, layerId, file })
    }
    return sealings
  })
}

/** The overlays are under their own names still: what was begun is taken back. What fails here is taken back when the server starts. */
async function undo({ db, home, layers }: LayerTools, runId: string, sealings: readonly Sealing[]): Promise<void> {
  for (const { layerId, file, overlay } of sealings) {
    try {
      const row = await db.selectFrom('layers').select('state').where('id', '=', layerId).executeTakeFirst()
      // A commit may have happened although it was said to have failed: then the file is a layer.
      if (row?.state !== 'building') continue
      await rm(join(home, file), { force: true })
      await layers.makeWritable(join(overlaysFolder(home, runId), overlay)).catch(() => {})
      await db.deleteFrom('layers').where('id', '=', layerId).where('state', '=', 'building').execute()
    } catch {
      // The first error is the one to tell.
    }
  }
}

async function mustBeOff(db: Db, runId: string) {
  const run = await readRun(db, runId)
  if (!isOff(run.state)) throw runNotOff(runId, run.state)
  return run
}

const runNotOff = (runId: string, state: string) =>
  new RametError('run_not_off', 409, `The drives of the run ${runId} may be written to: it is ${state}.`, {
    hint: `Stop it first: ramet playground stop ${runId}`,
  })

async function drivesWithOverlay(db: Db, runId: string): Promise<OverlayToSeal[]> {
  const rows = await db.selectFrom('drives').selectAll().where('run_id', '=', runId).where('overlay', 'is not', null).execute()
  return rows.map((row) => ({ machine: row.machine, driveIndex: row.drive_index, overlay: row.overlay ?? '', nextOverlay: null }))
}

async function readDrive(db: Db, runId: string, { machine, driveIndex, overlay }: OverlayToSeal): Promise<DriveRow> {
  const row = await db
    .selectFrom('drives')
    .selectAll()
    .where('run_id', '=', runId)
    .where('machine', '=', machine)
    .where('drive_index', '=', driveIndex)
    .where('overlay', '=', overlay)
    .executeTakeFirst()
  if (!row) throw driveChanged(runId, machine, driveIndex)
  return row
}

/** Only a drive that has that overlay still is changed. */
async function changeDrive(
  db: Db,
  runId: string,
  { machine, driveIndex, overlay }: OverlayToSeal,
  values: Partial<Pick<DriveRow, 'layer_id' | 'overlay' | 'next_overlay'>>,
): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('drives')
    .set(values)
    .where('run_id', '=', runId)
    .where('machine', '=', machine)
    .where('drive_index', '=', driveIndex)
    .where('overlay', '=', overlay)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw driveChanged(runId, machine, driveIndex)
}

const driveChanged = (runId: string, machine: string, driveIndex: number) =>
  new RametError('drive_changed', 409, `Drive ${driveIndex} of ${machine} of the run ${runId} was changed meanwhile.`, {
    hint: 'Try again.',
  })
