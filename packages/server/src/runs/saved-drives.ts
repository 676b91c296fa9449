import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Db } from '../store/database.ts'
import { insertDrive } from '../store/drives.ts'
import { listPlaygroundDrives } from '../store/playground-drives.ts'
import { plannedDrives } from './drive-rows.ts'

/**
 * Drives of a new run that begin with what its playground has saved for them. Written with the run and not at its first start, so that the playground may
 * be removed in between. Those that the playground has nothing for are left to `choose-layers`.
 */
export async function insertSavedDrives(trx: Db, runId: string, playgroundId: string, plan: RunPlan): Promise<void> {
  const saved = await listPlaygroundDrives(trx, playgroundId)
  for (const { machine, index, drive } of plannedDrives(plan.machines)) {
    const found = saved.find((row) => row.machine === machine && row.drive_index === index)
    if (found) await insertDrive(trx, runId, machine, index, drive, found.layer_id)
  }
}
