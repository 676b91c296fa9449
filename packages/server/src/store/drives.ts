import { RametError } from '@ramet/model/errors/error.ts'
import { type Db, transaction } from './database.ts'
import type { DriveRow } from './schema.ts'

/** An overlay of a drive, and the one that replaces it above; null: the drive has none until its machine starts. */
export interface DriveOverlay {
  readonly machine: string
  readonly driveIndex: number
  readonly overlay: string
  readonly nextOverlay: string | null
}

/** What was done to a drive's content in its lineage. */
export type DrivePast = Pick<DriveRow, 'set_up' | 'grown_bytes'>
const unused: DrivePast = { set_up: 'due', grown_bytes: 0 }

/** Records that the first boot's work on a machine was allowed, or that it is done and its filesystems fill their drives. */
export async function setSetUp(db: Db, runId: string, machine: string, setUp: 'begun' | 'done'): Promise<void> {
  await db
    .updateTable('drives')
    .set(({ ref }) => ({ set_up: setUp, ...(setUp === 'done' ? { grown_bytes: ref('size_bytes') } : {}) }))
    .where('run_id', '=', runId)
    .where('machine', '=', machine)
    .execute()
}

/** In the order of machines' names and of each machine's drives. */
export async function listDrives(db: Db, runId: string): Promise<DriveRow[]> {
  return db.selectFrom('drives').selectAll().where('run_id', '=', runId).orderBy('machine').orderBy('drive_index').execute()
}

/** Inserts an unmodified drive on its layer, or an empty one without a layer. */
export async function insertDrive(
  trx: Db,
  runId: string,
  machine: string,
  index: number,
  drive: { readonly sizeBytes: number },
  layerId: string | null,
  past: DrivePast = unused,
): Promise<void> {
  await trx
    .insertInto('drives')
    .values({
      run_id: runId,
      machine,
      drive_index: index,
      layer_id: layerId,
      overlay: null,
      size_bytes: drive.sizeBytes,
      set_up: past.set_up,
      grown_bytes: past.grown_bytes,
    })
    .execute()
}

/** The drive's machine writes to this overlay; null: to none, it reads as its layer does. */
export async function setOverlay(
  db: Db,
  runId: string,
  machine: string,
  driveIndex: number,
  overlay: string | null,
): Promise<void> {
  await db
    .updateTable('drives')
    .set({ overlay })
    .where('run_id', '=', runId)
    .where('machine', '=', machine)
    .where('drive_index', '=', driveIndex)
    .execute()
}

/** Drops a run's references to its layers. */
export async function deleteDrives(trx: Db, runId: string): Promise<void> {
  await trx.deleteFrom('drives').where('run_id', '=', runId).execute()
}

/** Drops the reference of one drive. */
export async function deleteDrive(trx: Db, { run_id, machine, drive_index }: DriveRow): Promise<void> {
  await trx
    .deleteFrom('drives')
    .where('run_id', '=', run_id)
    .where('machine', '=', machine)
    .where('drive_index', '=', drive_index)
    .execute()
}

/** A drive as it is given. */
export async function insertDriveRow(trx: Db, row: DriveRow): Promise<void> {
  await trx.insertInto('drives').values(row).execute()
}

/** Drives that have an overlay. A next one that was announced is left out. */
export async function drivesWithOverlay(db: Db, runId: string): Promise<DriveOverlay[]> {
  return (await listDrives(db, runId)).flatMap(({ machine, drive_index, overlay }) =>
    overlay === null ? [] : [{ machine, driveIndex: drive_index, overlay, nextOverlay: null }],
  )
}

/** Drives with an announced next overlay of an unsettled cut. */
export async function announcedOverlays(db: Db, runId: string): Promise<(DriveOverlay & { readonly nextOverlay: string })[]> {
  return (await listDrives(db, runId)).flatMap(({ machine, drive_index, overlay, next_overlay }) =>
    next_overlay === null ? [] : [{ machine, driveIndex: drive_index, overlay: overlay ?? '', nextOverlay: next_overlay }],
  )
}

/**
 * Records which overlays QEMU is about to get above the drives' overlays; null: it did not get one. Call it before QEMU gets them, so that a crash
 * in between leaks and loses nothing. Throws `drive_changed`.
 */
export async function announceOverlays(db: Db, runId: string, overlays: readonly DriveOverlay[]): Promise<void> {
  if (overlays.length === 0) return
  await transaction(db, async (trx) => {
    for (const overlay of overlays) await changeDrive(trx, runId, overlay, { next_overlay: overlay.nextOverlay })
  })
}

/** Reads the drive's row if it still has this overlay. Throws `drive_changed`. */
export async function readDrive(db: Db, runId: string, { machine, driveIndex, overlay }: DriveOverlay): Promise<DriveRow> {
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

/** Puts the drive on the layer that its overlay became, with the next overlay. Throws `drive_changed`. */
export async function standOnSealed(trx: Db, runId: string, overlay: DriveOverlay, layerId: string): Promise<void> {
  await changeDrive(trx, runId, overlay, { layer_id: layerId, overlay: overlay.nextOverlay, next_overlay: null })
}

/** Drops an overlay that was never written to. Throws `drive_changed`. */
export async function dropOverlay(trx: Db, runId: string, overlay: DriveOverlay): Promise<void> {
  await changeDrive(trx, runId, overlay, { overlay: null })
}

/** Changes the drive only if it still has that overlay. */
async function changeDrive(
  db: Db,
  runId: string,
  { machine, driveIndex, overlay }: DriveOverlay,
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

export const driveChanged = (runId: string, machine: string, driveIndex: number) =>
  new RametError('drive_changed', 409, `Drive ${driveIndex} of ${machine} of the run ${runId} was changed meanwhile.`, {
    hint: 'Try again.',
  })
