import type { PlanDrive, RunPlan } from '@ramet/model/plan/run-plan.ts'
import type { Db } from '../store/database.ts'

/** All drives of a run's machines, in the order of its plan. */
export const plannedDrives = (machines: RunPlan['machines']) =>
  machines.flatMap(({ name, drives }) => drives.map((drive, index) => ({ machine: name, index, drive })))

/** A drive that stands unmodified on its layer, or is empty without one. */
export async function insertDrive(
  trx: Db,
  runId: string,
  machine: string,
  index: number,
  drive: Pick<PlanDrive, 'sizeBytes'>,
  layerId: string | null,
): Promise<void> {
  await trx
    .insertInto('drives')
    .values({ run_id: runId, machine, drive_index: index, layer_id: layerId, overlay: null, size_bytes: drive.sizeBytes })
    .execute()
}
