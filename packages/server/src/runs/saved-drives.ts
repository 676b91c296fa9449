import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Db } from '../store/database.ts'
import { insertDrive } from '../store/drives.ts'
import { listPlaygroundDrives } from '../store/playground-drives.ts'
import { plannedDrives } from './drive-rows.ts'

/**
 * Inserts drives of a new run that begin with saved content of its playground. They are written with the run and not at its first start, so that the playground may
 * be removed in between. Drives without saved content are left to `choose-layers`.
 */
export async function insertSavedDrives(trx: Db, runId: string, playgroundId: string, plan: RunPlan): Promise<void> {
  const saved = await listPlaygroundDrives(trx, playgroundId)
  for (const { machine, index, drive } of plannedDrives(plan.machines)) {
    const found = saved.find((row) => row.machine === machine && row.drive_index === index)
    if (!found) continue
    // A run that was asked to set everything up again is due once more; its filesystems have their size all the same.
    const past = plan.rerunInit === undefined ? found : { ...found, set_up: 'due' as const }
    await insertDrive(trx, runId, machine, index, drive, found.layer_id, past)
  }
}
