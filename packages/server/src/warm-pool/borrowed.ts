import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { plannedDrives } from '../runs/drive-rows.ts'
import type { Db } from '../store/database.ts'
import { insertDrive } from '../store/drives.ts'
import { findSnapshot, listSnapshotDrives, listSnapshotMachines } from '../store/snapshots.ts'
import { copyTasks } from '../store/tasks.ts'

/**
 * Gives a new run the memory, drives and finished tasks of a throwaway run, in the transaction that makes the run. Drives that the
 * throwaway run, which was up, never wrote to and that began empty have no layer.
 */
export async function borrowDrives(trx: Db, runId: string, plan: RunPlan, snapshotId: string): Promise<void> {
  const snapshot = await findSnapshot(trx, snapshotId)
  if (!snapshot) throw new Error(`the snapshot ${snapshotId} is gone from the store`)
  const held = await listSnapshotDrives(trx, snapshotId)
  for (const { machine, index, drive } of plannedDrives(plan.machines)) {
    const found = held.find((each) => each.machine === machine && each.drive_index === index)
    await insertDrive(trx, runId, machine, index, drive, found?.layer_id ?? null, {
      set_up: 'done',
      grown_bytes: drive.sizeBytes,
    })
  }
  await copyTasks(trx, snapshot.origin_id, runId)
}

/** Returns the snapshot that the new run resumes, for `insertRun`. */
export const borrowed = async (trx: Db, snapshotId: string) => ({
  snapshotId,
  isBorrowed: true,
  machines: await listSnapshotMachines(trx, snapshotId),
})
