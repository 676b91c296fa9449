import { isOff } from '@ramet/model/run/run-state.ts'
import type { MemoryRule } from '../admission/admission.ts'
import { insertRun } from '../runs/new-run.ts'
import { readRun } from '../runs/run-rows.ts'
import type { CloneRequest } from '../services.ts'
import type { Db } from '../store/database.ts'
import type { DriveRow, RunRow } from '../store/schema.ts'
import { copyTasks } from '../store/tasks.ts'
import { cloneTitles } from './clone-titles.ts'
import { sealedDrives } from './sealed-drives.ts'

/**
 * The rows of a sealed run's clones: each stands on the same layers, and has neither a file nor anything on the host. What is inside (addresses, MACs, host
 * keys, machine-id, tasks that are done) is the source's, since each run is a world of its own; the platform's keys are made when it first starts.
 * `snapshotId`: what the clones resume; a source that was stopped with its memory shares it.
 */
export async function insertClones(
  trx: Db,
  source: RunRow,
  request: CloneRequest,
  memory: MemoryRule,
  snapshotId: string | null = source.resume_from,
): Promise<string[]> {
  const { count, title, start } = request
  const drives = await copiedDrives(trx, source.id)
  const runs = await trx
    .selectFrom('runs')
    .select('title')
    .where('owner_id', '=', source.owner_id)
    .where('state', '!=', 'DESTROYED')
    .execute()
  const ids: string[] = []
  for (const name of cloneTitles(source.title, title, count, new Set(runs.map((run) => run.title)))) {
    const id = await insertRun(trx, {
      owner_id: source.owner_id,
      playground_id: source.playground_id,
      playground_name: source.playground_name,
      playground_title: source.playground_title,
      plan: source.plan,
      title: name,
      clonedFrom: source.id,
      start,
      memory,
    })
    for (const drive of drives) {
      await trx
        .insertInto('drives')
        .values({ ...drive, run_id: id, overlay: null, next_overlay: null })
        .execute()
    }
    await copyTasks(trx, source.id, id)
    if (snapshotId !== null) await resumeFrom(trx, id, snapshotId)
    ids.push(id)
  }
  return ids
}

/** The layers of a run whose overlays were sealed just now, in this transaction. One that runs has new overlays above them, which are its own. */
async function copiedDrives(trx: Db, sourceId: string): Promise<DriveRow[]> {
  const { state } = await readRun(trx, sourceId)
  if (isOff(state)) return sealedDrives(trx, sourceId)
  return trx.selectFrom('drives').selectAll().where('run_id', '=', sourceId).execute()
}

/** Machines that the snapshot does not have were off when it was taken, and stay so. */
async function resumeFrom(trx: Db, id: string, snapshotId: string): Promise<void> {
  await trx.updateTable('runs').set({ resume_from: snapshotId }).where('id', '=', id).execute()
  const on = trx.selectFrom('snapshot_machines').select('machine').where('snapshot_id', '=', snapshotId)
  await trx
    .updateTable('run_machines')
    .set({ wanted: 'STOPPED', state: 'STOPPED' })
    .where('run_id', '=', id)
    .where('name', 'not in', on)
    .execute()
}
