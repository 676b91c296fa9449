import { asSpaceError, type LayerRecord } from '@ramet/engine'
import { type Db, transaction } from '../../store/database.ts'
import { mergeableLayers, replaceLayers } from '../../store/layer-merges.ts'
import { forgetBuilding, insertBuilding, isBuilding, layerChain, markSealed, newLayerName } from '../../store/layers.ts'
import type { LayerRow } from '../../store/schema.ts'
import type { LayerTools } from './layer-tools.ts'
import { defaultBound, type MergePlan, planMerge } from './plan-merge.ts'

/** `in-vain`: the merged layers came into use, or changed, meanwhile. */
export type Shortened = 'shorter' | 'in-vain' | 'nothing-to-do'

export interface ShortenOptions {
  readonly bound?: number
  readonly signal?: AbortSignal
  /** Called with the layers before the long part of the merge. */
  readonly onPlan?: (layerIds: readonly string[]) => void
}

/**
 * Merges once if some chain is longer than `bound`. It builds a new layer beside the old ones. Then one transaction moves all references from the topmost old layer to the new
 * one and removes the old ones. Chains in use by a run are skipped; if one came into use meanwhile, the new layer is dropped.
 * Throws `no_space`, and the signal's reason when it is cancelled.
 */
export async function shortenOnce(
  tools: LayerTools,
  { bound = defaultBound, signal, onPlan }: ShortenOptions = {},
): Promise<Shortened> {
  const { db, storage, afterStep } = tools
  const merge = await transaction(db, (trx) => begin(trx, bound))
  if (!merge) return 'nothing-to-do'
  const { plan, merged, below, into } = merge
  onPlan?.(plan.map(({ id }) => id))
  afterStep?.('shorten/begin')
  const orDiscarded = async <R>(work: () => Promise<R>): Promise<R> => {
    try {
      return await work()
    } catch (error) {
      await discard(tools, into)
      throw asSpaceError(error, tools.home)
    }
  }
  const sealed = await orDiscarded(() => storage.merge({ layers: merged, below, into: into.file, signal }))
  afterStep?.('shorten/build')
  const isSwapped = await orDiscarded(() =>
    transaction(db, async (trx) => {
      if (!(await stillHolds(trx, plan))) return false
      await markSealed(trx, into.id, sealed)
      const [topmost, ...others] = plan
      await replaceLayers(trx, [topmost.id, ...others.map(({ id }) => id)], into.id)
      return true
    }),
  )
  if (!isSwapped) {
    await discard(tools, into)
    return 'in-vain'
  }
  afterStep?.('shorten/swap')
  await storage.removeLayers(merged.map(({ file }) => file))
  return 'shorter'
}

interface Merge {
  readonly plan: MergePlan
  /** Topmost first, as those that they stand on. */
  readonly merged: readonly LayerRecord[]
  readonly below: readonly LayerRecord[]
  readonly into: { readonly id: string; readonly file: string }
}

/** The layers to merge, and the row of the new layer. */
async function begin(trx: Db, bound: number): Promise<Merge | undefined> {
  const plan = planMerge(await mergeableLayers(trx), bound)
  if (!plan) return undefined
  const chain = (await layerChain(trx, plan[0].id)).toReversed()
  const into = newLayerName()
  const parentId = plan.at(-1)?.parentId ?? null
  await insertBuilding(trx, { ...into, parentId, sizeBytes: chain[0]?.size_bytes ?? 0 })
  const named = ({ file, size_bytes }: LayerRow): LayerRecord => ({ file, sizeBytes: size_bytes })
  return { plan, merged: chain.slice(0, plan.length).map(named), below: chain.slice(plan.length).map(named), into }
}

/** True when nothing relevant changed while the new layer was built. New references to the topmost layer are fine: they are moved too. */
async function stillHolds(trx: Db, plan: MergePlan): Promise<boolean> {
  const now = new Map((await mergeableLayers(trx)).map((layer) => [layer.id, layer]))
  return plan.every((layer, index) => {
    const found = now.get(layer.id)
    return found && !found.isBusy && found.parentId === layer.parentId && (index === 0 || found.holders === 1)
  })
}

/** Removes the new layer. What fails here is reclaimed at the next start; the first error is the one to report. */
async function discard({ db, storage }: LayerTools, { id, file }: Merge['into']): Promise<void> {
  try {
    if (!(await isBuilding(db, id))) return
    await storage.removeLayers([file])
    await forgetBuilding(db, id)
  } catch {
    // The error before this one is reported.
  }
}
