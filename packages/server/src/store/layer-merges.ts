import { isOff } from '@ramet/model/run/run-state.ts'
import type { Db } from './database.ts'
import { removeLayer } from './layers.ts'

/** What a merge decision needs to know about a sealed layer. */
export interface MergeableLayer {
  readonly id: string
  readonly parentId: string | null
  readonly bytes: number
  /** How many rows refer to it: drives, playground drives, snapshot drives, images and child layers, unfinished ones included. */
  readonly holders: number
  /** True when a run that is on, or may be any moment, uses it. */
  readonly isBusy: boolean
}

const holding = ['playground_drives', 'snapshot_drives', 'images'] as const

/** Reads all sealed layers, with their references and whether they are in use. */
export async function mergeableLayers(db: Db): Promise<MergeableLayer[]> {
  const rows = await db.selectFrom('layers').select(['id', 'parent_id', 'bytes', 'state']).execute()
  const drives = await db
    .selectFrom('drives')
    .innerJoin('runs', 'runs.id', 'drives.run_id')
    .select(['drives.layer_id', 'runs.state'])
    .execute()
  const holders = new Map<string, number>()
  const hold = (id: string | null) => {
    if (id !== null) holders.set(id, (holders.get(id) ?? 0) + 1)
  }
  for (const { parent_id } of rows) hold(parent_id)
  for (const { layer_id } of drives) hold(layer_id)
  for (const table of holding) {
    for (const { layer_id } of await db.selectFrom(table).select('layer_id').execute()) hold(layer_id)
  }
  const parents = new Map(rows.map(({ id, parent_id }) => [id, parent_id]))
  const busy = new Set<string>()
  for (const { layer_id, state } of drives) {
    if (isOff(state)) continue
    for (let id = layer_id; id !== null && !busy.has(id); id = parents.get(id) ?? null) busy.add(id)
  }
  return rows
    .filter(({ state }) => state === 'sealed')
    .map(({ id, parent_id, bytes }) => ({ id, parentId: parent_id, bytes, holders: holders.get(id) ?? 0, isBusy: busy.has(id) }))
}

/** Moves all references from the topmost of these layers to `by`, and removes the rows of the layers. Topmost first. */
export async function replaceLayers(trx: Db, layerIds: readonly [string, ...string[]], by: string): Promise<void> {
  const [topmost] = layerIds
  await trx.updateTable('layers').set({ parent_id: by }).where('parent_id', '=', topmost).execute()
  for (const table of ['drives', ...holding] as const) {
    await trx.updateTable(table).set({ layer_id: by }).where('layer_id', '=', topmost).execute()
  }
  for (const id of layerIds) await removeLayer(trx, id)
}
