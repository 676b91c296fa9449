import type { NewRam } from '@ramet/engine'
import type { Db } from './database.ts'
import type { SnapshotMachineRow } from './schema.ts'

/** The memory of one machine in a snapshot. */
export interface MemoryName {
  readonly snapshotId: string
  readonly machine: string
}

/** Uncompressed memory, and whether it is durable; longest kept first. */
export interface PlainMemory extends SnapshotMachineRow {
  readonly is_durable: number
}

export async function listPlainMemory(db: Db): Promise<PlainMemory[]> {
  return db
    .selectFrom('snapshot_machines')
    .innerJoin('snapshots', 'snapshots.id', 'snapshot_machines.snapshot_id')
    .selectAll('snapshot_machines')
    .select('is_durable')
    .where('ram_form', '=', 'plain')
    .orderBy('at')
    .execute()
}

/** True while the snapshot has this very file for the machine's RAM. */
export async function hasRamFile(db: Db, { snapshotId, machine }: MemoryName, file: string): Promise<boolean> {
  const found = await db
    .selectFrom('snapshot_machines')
    .select('machine')
    .where('snapshot_id', '=', snapshotId)
    .where('machine', '=', machine)
    .where('ram_file', '=', file)
    .executeTakeFirst()
  return found !== undefined
}

/** Saves the SHA-256 of the plain RAM, hex, unless there is one. */
export async function saveDigest(db: Db, { snapshotId, machine }: MemoryName, digest: string): Promise<void> {
  await db
    .updateTable('snapshot_machines')
    .set({ ram_digest: digest })
    .where('snapshot_id', '=', snapshotId)
    .where('machine', '=', machine)
    .where('ram_digest', 'is', null)
    .execute()
}

/** Marks memory as changed since it was taken: no start resumes it. */
export async function markDamaged(db: Db, { snapshotId, machine }: MemoryName): Promise<void> {
  await db
    .updateTable('snapshot_machines')
    .set({ is_damaged: 1 })
    .where('snapshot_id', '=', snapshotId)
    .where('machine', '=', machine)
    .execute()
}

/** The RAM is in `to` from now on, which takes so many bytes more than `from` did; false when it is not in `from` any more. */
export async function moveRam(
  trx: Db,
  { snapshotId, machine }: MemoryName,
  from: string,
  to: NewRam,
  grownBy: number,
): Promise<boolean> {
  const { numUpdatedRows } = await trx
    .updateTable('snapshot_machines')
    .set({
      ram_file: to.file,
      ram_form: to.isPacked ? 'zstd' : 'plain',
      ram_file_bytes: to.bytes,
      ram_digest: to.digest,
    })
    .where('snapshot_id', '=', snapshotId)
    .where('machine', '=', machine)
    .where('ram_file', '=', from)
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) return false
  const { bytes } = await trx.selectFrom('snapshots').select('bytes').where('id', '=', snapshotId).executeTakeFirstOrThrow()
  await trx
    .updateTable('snapshots')
    .set({ bytes: Math.max(0, bytes + grownBy) })
    .where('id', '=', snapshotId)
    .execute()
  return true
}

/** No machine has its memory mapped, none is about to, and no playground is kept warm by it. */
export async function isResting(db: Db, snapshotId: string): Promise<boolean> {
  const holders = await db
    .selectFrom('runs')
    .select(['maps_snapshot', 'wanted', 'state'])
    .where(({ or, eb }) => or([eb('resume_from', '=', snapshotId), eb('maps_snapshot', '=', snapshotId)]))
    .execute()
  const warm = await db.selectFrom('warm_starts').select('playground_id').where('snapshot_id', '=', snapshotId).executeTakeFirst()
  return (
    warm === undefined &&
    holders.length > 0 &&
    holders.every(
      ({ maps_snapshot, wanted, state }) =>
        maps_snapshot !== snapshotId && wanted === 'STOPPED' && (state === 'STOPPED' || state === 'FAILED'),
    )
  )
}
