import { invalidInput } from '@ramet/model/errors/errors.ts'
import { imageOf, type PlanDrive, type RunPlan } from '@ramet/model/plan/run-plan.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Db } from '../store/database.ts'
import { insertDrive } from '../store/drives.ts'
import { findLayer } from '../store/layers.ts'
import { listPlaygroundDrives } from '../store/playground-drives.ts'
import { plannedDrives } from './drive-rows.ts'

/**
 * Inserts drives of a new run that begin with saved content of its playground. They are written with the run and not at its first start, so that the playground may
 * be removed in between. Drives without saved content are left to `choose-layers`, and so are those that `own`, the plan of the playground as it is, describes
 * otherwise: they begin with their own image, or empty. Throws InvalidInput for one that is smaller than what was saved of it.
 */
export async function insertSavedDrives(trx: Db, runId: string, playgroundId: string, plan: RunPlan, own = plan): Promise<void> {
  for (const { machine, index, drive, found } of await drivesOfNewRun(trx, playgroundId, plan, own)) {
    if (!found) continue
    const layer = await findLayer(trx, found.layer_id)
    if (layer && drive.sizeBytes < layer.size_bytes)
      throw invalidInput(
        `The drive ${index} of ${machine} cannot be smaller than what was saved of it.`,
        `machines.${machine}.drives`,
        `Give it ${formatBytes(layer.size_bytes)} or more.`,
      )
    // A run that was asked to set everything up again is due once more; its filesystems have their size all the same.
    const past = plan.rerunInit === undefined ? found : { ...found, set_up: 'due' as const }
    await insertDrive(trx, runId, machine, index, drive, found.layer_id, past)
  }
}

/**
 * Names of the images that drives of a new run begin from: all of them, but for drives with saved content of the playground, which stand on its layers. Parameters as for
 * `insertSavedDrives`.
 */
export async function imagesToBeginFrom(db: Db, playgroundId: string, plan: RunPlan, own: RunPlan): Promise<string[]> {
  const drives = await drivesOfNewRun(db, playgroundId, plan, own)
  return [...new Set(drives.flatMap(({ drive, found }) => (found ? [] : (imageOf(drive) ?? []))))]
}

/** Drives of the plan, each with the saved content that it begins with, if it does with any. */
async function drivesOfNewRun(db: Db, playgroundId: string, plan: RunPlan, own: RunPlan) {
  const saved = await listPlaygroundDrives(db, playgroundId)
  const before = plannedDrives(own.machines)
  return plannedDrives(plan.machines).map(({ machine, index, drive }) => {
    const was = before.find((each) => each.machine === machine && each.index === index)
    const found =
      was && isSame(drive, was.drive) ? saved.find((row) => row.machine === machine && row.drive_index === index) : undefined
    return { machine, index, drive, found }
  })
}

const isSame = (a: PlanDrive, b: PlanDrive): boolean =>
  a.source === b.source && a.mount === b.mount && a.partitioned === b.partitioned && a.filesystem === b.filesystem
