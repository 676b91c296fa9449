import { defaultLimits, type Limits, limitReached } from '@ramet/model/access/limits.ts'
import type { SavePlay } from '@ramet/model/api/wire.ts'
import { nameTaken } from '@ramet/model/errors/errors.ts'
import { tabsOfRun } from '@ramet/model/plan/tabs.ts'
import { savedTitle } from '@ramet/model/run/run-title.ts'
import { newId } from '../playgrounds/new-id.ts'
import { isTransient } from '../runs/drive-rows.ts'
import { type Db, now } from '../store/database.ts'
import { insertPlaygroundDrive } from '../store/playground-drives.ts'
import { countPlaygrounds, findPlayground, findPlaygroundById, insertPlayground } from '../store/playgrounds.ts'
import type { Run } from '../store/runs.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { saveTasks } from '../store/tasks.ts'
import { savedSpec } from './saved-spec.ts'
import { sealedDrives } from './sealed-drives.ts'

/** Inserts the rows of a playground with the content of a sealed run. Throws `name_taken`, which proposes a free name, and `too_many_playgrounds`. */
export async function insertSaved(trx: Db, run: Run, request: SavePlay, limits: Limits = defaultLimits): Promise<PlaygroundRow> {
  if ((await countPlaygrounds(trx, run.owner_id)) >= limits.playgrounds) throw limitReached('playgrounds', limits)
  if (await findPlayground(trx, request.name)) throw nameTaken('playground', request.name, await freeName(trx, request.name))
  const drives = await sealedDrives(trx, run.id)
  const base = await findPlaygroundById(trx, run.playground_id)
  if (!base) throw new Error(`run ${run.id} is of a playground that has no row`)
  const { plan } = run
  const at = now()
  const row: PlaygroundRow = {
    id: newId(),
    name: request.name,
    owner_id: run.owner_id,
    base: run.playground_name,
    base_id: base.id,
    saved_from: run.id,
    title: request.title ?? savedTitle({ ...run, playgroundTitle: run.playground_title }),
    description: request.description ?? base.description,
    categories: request.categories === undefined ? base.categories : JSON.stringify(request.categories),
    markdown: request.markdown ?? null,
    cover: null,
    spec: JSON.stringify(savedSpec({ ...plan, tabs: tabsOfRun(plan, base.spec) })),
    access: null,
    written_by: null,
    co_authors: null,
    offered_to: null,
    created_at: at,
    updated_at: at,
    removed_at: null,
  }
  await insertPlayground(trx, row)
  for (const { machine, drive_index, layer_id, set_up, grown_bytes } of drives) {
    if (layer_id === null || isTransient(plan.machines, machine, drive_index)) continue
    await insertPlaygroundDrive(trx, { playground_id: row.id, machine, drive_index, layer_id, set_up, grown_bytes })
  }
  await saveTasks(trx, run.id, row.id)
  return row
}

async function freeName(trx: Db, name: string): Promise<string> {
  for (let number = 2; ; number += 1) {
    const end = `-${number}`
    const free = name.slice(0, 63 - end.length).replace(/-+$/, '') + end
    if (!(await findPlayground(trx, free))) return free
  }
}
