import type { MemoryRule } from '../runs/admission.ts'
import { insertRun } from '../runs/new-run.ts'
import type { CloneWish } from '../services.ts'
import type { Db } from '../store/database.ts'
import type { RunRow } from '../store/schema.ts'
import { copyTasks } from '../store/tasks.ts'
import { cloneTitles } from './clone-titles.ts'
import { sealedDrives } from './sealed-drives.ts'

/**
 * The rows of a sealed run's clones: each stands on the same layers, and has neither a file nor anything on the host. What is inside (addresses, MACs, host
 * keys, machine-id, tasks that are done) is the source's, since each run is a world of its own; the platform's keys are made when it first starts.
 */
export async function insertClones(trx: Db, source: RunRow, wish: CloneWish, memory: MemoryRule): Promise<string[]> {
  const { count, title, start } = wish
  const drives = await sealedDrives(trx, source.id)
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
        .values({ ...drive, run_id: id })
        .execute()
    }
    await copyTasks(trx, source.id, id)
    ids.push(id)
  }
  return ids
}
