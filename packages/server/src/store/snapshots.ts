import type { Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { SnapshotDriveTable, SnapshotMachineRow, SnapshotRow } from './schema.ts'

export interface NewSnapshot {
  readonly id: string
  readonly kind: SnapshotRow['kind']
  /** The run that it was taken of. */
  readonly runId: string
  readonly at: string
  /** JSON. */
  readonly stamp: string
  /** On disk (st_blocks x 512). */
  readonly bytes: number
  /** Default true. */
  readonly isDurable?: boolean
  readonly machines: readonly NewSnapshotMachine[]
}

export interface NewSnapshotMachine {
  readonly machine: string
  /** Relative to RAMET_HOME, as those below. */
  readonly stateFile: string
  /** SHA-256, hex. */
  readonly stateDigest: string
  readonly ramFile: string
  readonly ramBytes: number
}

/** A snapshot with everything that a resume needs. */
export interface StoredSnapshot extends SnapshotRow {
  readonly machines: readonly SnapshotMachineRow[]
}

/**
 * Writes down a snapshot whose files have their last names, and are durable unless that is said otherwise, in the transaction that seals the drives: it stands on the layers that the run's drives
 * stand on at the end of it. Rows that will resume it must refer to it in the same transaction.
 */
export async function insertSnapshot(trx: Db, { machines, runId, isDurable = true, ...snapshot }: NewSnapshot): Promise<void> {
  await trx
    .insertInto('snapshots')
    .values({ ...snapshot, is_durable: isDurable ? 1 : 0, origin_kind: 'run', origin_id: runId })
    .execute()
  for (const { machine, stateFile, stateDigest, ramFile, ramBytes } of machines) {
    await trx
      .insertInto('snapshot_machines')
      .values({
        snapshot_id: snapshot.id,
        machine,
        device_state_file: stateFile,
        state_digest: stateDigest,
        ram_file: ramFile,
        ram_bytes: ramBytes,
        ram_file_bytes: ramBytes,
      })
      .execute()
  }
  const names = new Set(machines.map(({ machine }) => machine))
  for (const drive of await trx.selectFrom('drives').selectAll().where('run_id', '=', runId).execute()) {
    if (drive.layer_id === null || !names.has(drive.machine)) continue
    await trx
      .insertInto('snapshot_drives')
      .values({ snapshot_id: snapshot.id, machine: drive.machine, drive_index: drive.drive_index, layer_id: drive.layer_id })
      .execute()
  }
}

/** Records that its files survive a power failure. */
export async function markDurable(db: Db, id: string): Promise<void> {
  await db.updateTable('snapshots').set({ is_durable: 1 }).where('id', '=', id).execute()
}

/** Snapshots whose files may not be durable yet, oldest first. */
export async function listNotDurable(db: Db): Promise<{ id: string; at: string }[]> {
  return db.selectFrom('snapshots').select(['id', 'at']).where('is_durable', '=', 0).orderBy('at').execute()
}

export async function findSnapshot(db: Db, id: string): Promise<StoredSnapshot | undefined> {
  const row = await db.selectFrom('snapshots').selectAll().where('id', '=', id).executeTakeFirst()
  if (!row) return undefined
  const machines = await db.selectFrom('snapshot_machines').selectAll().where('snapshot_id', '=', id).execute()
  return { ...row, machines }
}

/** Names of the machines that were on when it was taken. */
export async function listSnapshotMachines(db: Db, id: string): Promise<string[]> {
  const rows = await db.selectFrom('snapshot_machines').select('machine').where('snapshot_id', '=', id).execute()
  return rows.map(({ machine }) => machine)
}

/** The layers that the snapshot's drives stand on. A drive that was empty is not listed. */
export async function listSnapshotDrives(db: Db, id: string): Promise<(Selectable<SnapshotDriveTable> & { file: string })[]> {
  return db
    .selectFrom('snapshot_drives')
    .innerJoin('layers', 'layers.id', 'snapshot_drives.layer_id')
    .selectAll('snapshot_drives')
    .select('layers.file')
    .where('snapshot_id', '=', id)
    .execute()
}

/** Snapshots that nothing may resume and no machine has mapped. */
export async function unheldSnapshots(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('snapshots')
    .select('id')
    .where(({ not, exists, selectFrom, or }) =>
      not(
        exists(
          selectFrom('runs')
            .select('runs.id')
            .where((run) =>
              or([
                run('runs.resume_from', '=', run.ref('snapshots.id')),
                run('runs.maps_snapshot', '=', run.ref('snapshots.id')),
              ]),
            ),
        ),
      ),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('warm_starts as w').select('w.snapshot_id').whereRef('w.snapshot_id', '=', 'snapshots.id'))),
    )
    .execute()
  return rows.map(({ id }) => id)
}

/** Removes a snapshot's rows, and with them its references to layers. Foreign keys refuse this while anything refers to it. The caller removes the folder afterwards. */
export async function removeSnapshot(db: Db, id: string): Promise<void> {
  await db.deleteFrom('snapshots').where('id', '=', id).execute()
}
