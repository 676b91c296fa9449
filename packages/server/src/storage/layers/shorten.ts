import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { LayerFile } from '@ramet/engine/disk/disk.ts'
import { asSpaceError } from '@ramet/engine/disk/space.ts'
import { isOff } from '@ramet/model/run/run-state.ts'
import { type Db, transaction } from '../../store/database.ts'
import { insertBuilding, layerChain, markSealed, removeLayer } from '../../store/layers.ts'
import type { LayerRow } from '../../store/schema.ts'
import type { LayerTools } from './layer-tools.ts'
import { defaultBound, type MergePlan, type PlanLayer, planMerge } from './plan-merge.ts'

/** `in-vain`: what was merged was taken into use, or changed, meanwhile. */
export type Shortened = 'shorter' | 'in-vain' | 'nothing-to-do'

export interface ShortenOptions {
  readonly bound?: number
  readonly signal?: AbortSignal
  /** Told which layers are being merged, before it takes long. */
  readonly onPlan?: (layerIds: readonly string[]) => void
}

/**
 * Merges once, if some chain is longer than `bound`: a new layer is built beside the old ones, then everything that held the topmost of them holds the new one, in one
 * transaction, and the old ones are gone. Chains that a run may be using are left alone, also when it was switched on meanwhile: then the new layer is thrown away.
 * Throws `no_space`, and what a cancelled merge throws.
 */
export async function shortenOnce(
  tools: LayerTools,
  { bound = defaultBound, signal, onPlan }: ShortenOptions = {},
): Promise<Shortened> {
  const { db, home, layers, afterStep } = tools
  const begun = await transaction(db, async (trx) => {
    const plan = planMerge(await planLayers(trx), bound)
    return plan && { plan, ...(await begin(trx, plan)) }
  })
  if (!begun) return 'nothing-to-do'
  const { plan, id, file, merging } = begun
  onPlan?.(plan.map((layer) => layer.id))
  afterStep?.('shorten/begin')
  const orDiscarded = async <R>(work: () => Promise<R>): Promise<R> => {
    try {
      return await work()
    } catch (error) {
      await discard(tools, id, file)
      throw asSpaceError(error, home)
    }
  }
  const files = (rows: readonly LayerRow[]): LayerFile[] =>
    rows.map((row) => ({ file: join(home, row.file), format: 'qcow2', sizeBytes: row.size_bytes }))
  const sealed = await orDiscarded(() =>
    layers.merge({
      layers: files(merging.slice(0, plan.length)),
      below: files(merging.slice(plan.length)),
      into: join(home, file),
      signal,
    }),
  )
  afterStep?.('shorten/build')
  const isSwapped = await orDiscarded(() =>
    transaction(db, async (trx) => {
      if (!(await stillHolds(trx, plan))) return false
      await markSealed(trx, id, sealed)
      await swap(trx, plan, id)
      return true
    }),
  )
  if (!isSwapped) {
    await discard(tools, id, file)
    return 'in-vain'
  }
  afterStep?.('shorten/swap')
  await Promise.all(merging.slice(0, plan.length).map((old) => rm(join(home, old.file), { force: true })))
  return 'shorter'
}

/** The new layer's row, and the rows of the chain it is made of, topmost first, down to the root. */
async function begin(trx: Db, [overlay, ...rest]: MergePlan) {
  const merging = (await layerChain(trx, overlay.id)).toReversed()
  const id = randomBytes(12).toString('hex')
  const file = join('layers', `${id}.qcow2`)
  const parentId = rest.at(-1)?.parentId ?? null
  await insertBuilding(trx, { id, parentId, file, sizeBytes: merging[0]?.size_bytes ?? 0 })
  return { id, file, merging }
}

/** Nothing that matters changed while the new layer was built. New holders of the topmost layer do not: they are moved too. */
async function stillHolds(trx: Db, plan: MergePlan): Promise<boolean> {
  const now = new Map((await planLayers(trx)).map((layer) => [layer.id, layer]))
  return plan.every((layer, index) => {
    const found = now.get(layer.id)
    return found && !found.isBusy && found.parentId === layer.parentId && (index === 0 || found.holders === 1)
  })
}

/** Everything that holds the topmost layer holds the new one from now on; the merged ones, which nobody holds any more, are forgotten. */
async function swap(trx: Db, plan: MergePlan, id: string): Promise<void> {
  const [overlay] = plan
  await trx.updateTable('layers').set({ parent_id: id }).where('parent_id', '=', overlay.id).execute()
  for (const table of ['drives', 'playground_drives', 'snapshot_drives', 'images'] as const) {
    await trx.updateTable(table).set({ layer_id: id }).where('layer_id', '=', overlay.id).execute()
  }
  for (const layer of plan) await removeLayer(trx, layer.id)
}

/** What fails here is reclaimed when the server starts. */
async function discard({ db, home }: LayerTools, id: string, file: string): Promise<void> {
  try {
    const row = await db.selectFrom('layers').select('state').where('id', '=', id).executeTakeFirst()
    if (row?.state !== 'building') return
    await rm(join(home, file), { force: true })
    await removeLayer(db, id)
  } catch {
    // The first error is the one to tell.
  }
}

/** All sealed layers, who holds them and whether they are in use. */
async function planLayers(db: Db): Promise<PlanLayer[]> {
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
  for (const table of ['playground_drives', 'snapshot_drives', 'images'] as const) {
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
