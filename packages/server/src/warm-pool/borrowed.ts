import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { RunAtWork } from '../reconcile/active-run.ts'
import { plannedDrives } from '../runs/drive-rows.ts'
import { dropMemory } from '../runs/run.ts'
import { type Db, transaction } from '../store/database.ts'
import { deleteDrives, insertDrive, listDrives } from '../store/drives.ts'
import { findSnapshot, listSnapshotDrives, listSnapshotMachines } from '../store/snapshots.ts'
import { copyTasks, resetTasks } from '../store/tasks.ts'

/**
 * A new run begins with the memory of a throwaway run, on its drives, with its tasks done. In the transaction that makes the run. Those of its drives that the
 * throwaway run never wrote to have no layer of their own, and began empty.
 */
export async function borrowDrives(trx: Db, runId: string, plan: RunPlan, snapshotId: string): Promise<void> {
  const snapshot = await findSnapshot(trx, snapshotId)
  if (!snapshot) throw new Error(`the snapshot ${snapshotId} is gone from the store`)
  const held = await listSnapshotDrives(trx, snapshotId)
  for (const { machine, index, drive } of plannedDrives(plan.machines)) {
    const found = held.find((each) => each.machine === machine && each.drive_index === index)
    await insertDrive(trx, runId, machine, index, drive, found?.layer_id ?? null)
  }
  await copyTasks(trx, snapshot.origin_id, runId)
}

/** What such a run resumes, for `insertRun`. */
export const borrowed = async (trx: Db, snapshotId: string) => ({
  snapshotId,
  isBorrowed: true,
  machines: await listSnapshotMachines(trx, snapshotId),
})

/**
 * Before a run boots that was to begin with another's memory, and cannot: from that one's drives it would boot with its identity. Nothing of its owner's is in it, so
 * it begins as if it had never borrowed anything. Repeating it is harmless; the files that a crash leaves are reclaimed.
 */
export async function returnBorrowed(run: RunAtWork): Promise<void> {
  const { db, host } = run.tools
  await run.workflow('abandon', await run.names())
  const overlays = await transaction(db, async (trx) => {
    const drives = await listDrives(trx, run.id)
    await deleteDrives(trx, run.id)
    await resetTasks(trx, run.id)
    await dropMemory(trx, run.id)
    return drives.flatMap(({ overlay }) => overlay ?? [])
  })
  await host.storage.removeOverlays(overlays.map((overlay) => ({ runId: run.id, overlay })))
}
