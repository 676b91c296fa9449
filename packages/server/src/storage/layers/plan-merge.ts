import type { MergeableLayer as PlanLayer } from '../../store/layer-merges.ts'

/** Layers below a drive's overlay. ARCHITECTURE.md says what a longer chain costs. */
export const defaultBound = 16

/** Layers to merge into one, topmost first: at least two. Each but the first is referred to only by the one above it. */
export type MergePlan = readonly [PlanLayer, ...PlanLayer[]]

/**
 * Chooses what to merge next so that no chain has more than `bound` layers; undefined when nothing can be merged (any more). Pure.
 * A layer is merged into its child only if nothing else refers to it, so shared layers stay shared. Among the candidates the smallest neighbours are merged, repeatedly,
 * as in a log-structured store: a chain that grows by a layer a day copies each byte only a few times, and each merge copies as little as possible.
 */
export function planMerge(layers: readonly PlanLayer[], bound: number): MergePlan | undefined {
  const byId = new Map(layers.map((layer) => [layer.id, layer]))
  const parents = new Set(layers.map(({ parentId }) => parentId))
  // Every used chain ends in a layer with an outside reference: as a tip, or below another chain, whose plan covers it.
  const tips = layers.filter((layer) => !parents.has(layer.id) || layer.holders > 1)
  const chains = tips.map((tip) => chainOf(byId, tip)).filter((chain) => chain.length > bound)
  for (const chain of chains.toSorted((a, b) => b.length - a.length)) {
    const plan = planChain(chain, bound)
    if (plan) return plan
  }
  return undefined
}

/** Topmost first. */
function chainOf(byId: ReadonlyMap<string, PlanLayer>, tip: PlanLayer): PlanLayer[] {
  const chain: PlanLayer[] = []
  const seen = new Set<string>()
  for (let next: PlanLayer | undefined = tip; next && !seen.has(next.id); next = byId.get(next.parentId ?? '')) {
    seen.add(next.id)
    chain.push(next)
  }
  return chain
}

function planChain(chain: readonly PlanLayer[], bound: number): MergePlan | undefined {
  const groups: PlanLayer[][] = chain.map((layer) => [layer])
  const bytes = (group: readonly PlanLayer[]) => group.reduce((sum, layer) => sum + layer.bytes, 0)
  while (groups.length > bound) {
    let best: { index: number; bytes: number } | undefined
    for (let index = 0; index + 1 < groups.length; index += 1) {
      const [above, below] = [groups[index] ?? [], groups[index + 1] ?? []]
      if (![...above, ...below].every(({ isBusy }) => !isBusy) || below[0]?.holders !== 1) continue
      const together = bytes(above) + bytes(below)
      if (!best || together < best.bytes) best = { index, bytes: together }
    }
    if (!best) break
    groups.splice(best.index, 2, [...(groups[best.index] ?? []), ...(groups[best.index + 1] ?? [])])
  }
  const [first] = groups.filter((group) => group.length > 1).toSorted((a, b) => bytes(a) - bytes(b))
  return first as MergePlan | undefined
}
