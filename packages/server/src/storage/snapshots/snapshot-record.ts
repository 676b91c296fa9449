import type { SnapshotRecord, SnapshotStamp, TakenSnapshot } from '@ramet/engine'
import type { Db } from '../../store/database.ts'
import { readRun } from '../../store/runs.ts'
import type { SnapshotRow } from '../../store/schema.ts'
import { findSnapshot, listSnapshotDrives, type NewSnapshot } from '../../store/snapshots.ts'

/** Converts a snapshot for the engine. */
export async function snapshotRecord(db: Db, id: string): Promise<SnapshotRecord> {
  const found = await findSnapshot(db, id)
  if (!found) throw new Error(`the snapshot ${id} is gone from the store`)
  const drives = await listSnapshotDrives(db, id)
  return {
    id,
    at: found.at,
    stamp: JSON.parse(found.stamp) as SnapshotStamp,
    machines: found.machines.map((row) => ({
      name: row.machine,
      memory: { ramFile: row.ram_file, stateFile: row.device_state_file },
      stateDigest: row.state_digest ?? '',
      ramBytes: row.ram_bytes,
      ramFileBytes: row.ram_file_bytes ?? row.ram_bytes,
      isPacked: row.ram_form === 'zstd',
      ramDigest: row.ram_digest ?? undefined,
      isDamaged: row.is_damaged === 1,
    })),
    drives: drives.map(({ machine, drive_index, file }) => ({ machine, index: drive_index, layer: file })),
  }
}

export const toNewSnapshot = (
  runId: string,
  kind: SnapshotRow['kind'],
  { id, at, stamp, bytes, machines }: TakenSnapshot,
): NewSnapshot => ({
  id,
  kind,
  runId,
  at,
  stamp: JSON.stringify(stamp),
  bytes,
  machines: machines.map(({ name, memory, stateDigest, ramBytes }) => ({
    machine: name,
    stateFile: memory.stateFile,
    stateDigest,
    ramFile: memory.ramFile,
    ramBytes,
  })),
})

/** Whose memory of when a run goes on with, as a sentence. */
export async function resumeReason(db: Db, runId: string, snapshotId: string): Promise<string> {
  const found = await findSnapshot(db, snapshotId)
  if (!found) throw new Error(`the snapshot ${snapshotId} is gone from the store`)
  const { at, origin_id, kind } = found
  const when = `${at.slice(0, 16).replace('T', ' ')} UTC`
  if (kind === 'warm') return `Its playground has been kept warm since ${when}.`
  if (origin_id === runId) return `Resumed from ${when}, when it was stopped.`
  return `Cloned from ${(await readRun(db, origin_id)).title}, as it was ${when}.`
}
