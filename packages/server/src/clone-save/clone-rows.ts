import { isOff } from '@ramet/model/run/run-state.ts'
import { type MemoryRule, requireRuns } from '../admission/admission.ts'
import { lifetimeOf } from '../runs/lifetime.ts'
import { insertRun } from '../runs/new-run.ts'
import type { CloneRequest } from '../services.ts'
import type { Db } from '../store/database.ts'
import { insertDriveRow, listDrives } from '../store/drives.ts'
import { copyPorts, portsToCopy } from '../store/published-ports.ts'
import { listMachines } from '../store/run-machines.ts'
import { snapshotOf } from '../store/run-memory.ts'
import { listTitles, type Run, readRun } from '../store/runs.ts'
import type { DriveRow } from '../store/schema.ts'
import { listSnapshotMachines } from '../store/snapshots.ts'
import { copyTasks } from '../store/tasks.ts'
import { cloneTitles } from './clone-titles.ts'
import { sealedDrives } from './sealed-drives.ts'

/**
 * Inserts the rows of a sealed run's clones. Each clone is on the same layers, with no files and no host objects. What is inside (addresses, MACs, host
 * keys, machine-id, finished tasks) equals the source's, since each run has its own network. The platform's keys are made at its first start.
 * `snapshotId`: the snapshot that the clones resume; a source that was stopped with its memory shares it. Machines that are wanted on and are not in it boot.
 */
export async function insertClones(
  trx: Db,
  source: Run,
  request: CloneRequest,
  memory: MemoryRule,
  snapshotId: string | undefined = snapshotOf(source.memory),
): Promise<string[]> {
  const { count, title, start } = request
  await requireRuns(trx, memory, source.owner_id, count)
  const drives = await copiedDrives(trx, source.id)
  const isBorrowed = source.memory.kind === 'kept' && source.memory.isBorrowed
  const resumes =
    snapshotId === undefined ? undefined : { snapshotId, isBorrowed, machines: await wantedOn(trx, source.id, snapshotId) }
  const taken = new Set(await listTitles(trx, source.owner_id))
  const ports = await portsToCopy(trx, source.id)
  const ids: string[] = []
  for (const name of cloneTitles(source.title, title, count, taken)) {
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
      resumes,
      // A clone of what ends by itself does too.
      lifetime: lifetimeOf(source),
    })
    for (const drive of drives) await insertDriveRow(trx, { ...drive, run_id: id, overlay: null, next_overlay: null })
    await copyTasks(trx, source.id, id)
    await copyPorts(trx, id, ports)
    ids.push(id)
  }
  return ids
}

/** Names of the machines of a clone that are to be on: those whose memory it resumes, and those that are wanted on in its source. */
async function wantedOn(trx: Db, sourceId: string, snapshotId: string): Promise<string[]> {
  const wanted = (await listMachines(trx, sourceId)).filter(({ wanted }) => wanted !== 'STOPPED').map(({ name }) => name)
  return [...new Set([...(await listSnapshotMachines(trx, snapshotId)), ...wanted])]
}

/** Reads the layers of a run whose overlays were sealed in this transaction. A running source has new overlays of its own above them. */
async function copiedDrives(trx: Db, sourceId: string): Promise<DriveRow[]> {
  const { state } = await readRun(trx, sourceId)
  if (isOff(state)) return sealedDrives(trx, sourceId)
  return listDrives(trx, sourceId)
}
