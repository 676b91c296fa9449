import type { HoldingRows } from '../../store/usage.ts'
import type { OverlaySizes } from './overlay-sizes.ts'
import type { Item } from './shares.ts'

/** Who holds what. Owners are named `run <id>`, `playground <id>`, `image <name>` and `warm <id of the playground>`. */
export interface Holdings {
  readonly items: ReadonlyMap<string, Item>
  readonly holds: ReadonlyMap<string, readonly string[]>
  /** Bytes of all items, by kind. */
  readonly totals: { readonly layer: number; readonly overlay: number; readonly snapshot: number }
}

/**
 * Reads who holds what: a run holds its overlays, its drives' layers, the snapshot that it will resume and the one that its machines have mapped; a warm start holds its snapshot. It reads
 * only rows and known sizes.
 */
export function holdingsOf(rows: HoldingRows, overlays: Pick<OverlaySizes, 'bytesOf'>): Holdings {
  const items = new Map<string, Item>()
  const holds = new Map<string, string[]>()
  const totals = { layer: 0, overlay: 0, snapshot: 0 }
  const owner = (name: string): string[] => {
    const held = holds.get(name) ?? []
    holds.set(name, held)
    return held
  }
  const add = (kind: keyof typeof totals, id: string, bytes: number, on: readonly string[]) => {
    totals[kind] += bytes
    items.set(`${kind} ${id}`, { bytes, on })
  }
  for (const { id, resume_from, maps_snapshot } of rows.runs) {
    const held = owner(`run ${id}`)
    for (const snapshot of [resume_from, maps_snapshot]) if (snapshot !== null) held.push(`snapshot ${snapshot}`)
  }
  for (const { id } of rows.playgrounds) owner(`playground ${id}`)
  for (const { name, layer_id } of rows.images) owner(`image ${name}`).push(`layer ${layer_id}`)
  for (const { playground_id, layer_id } of rows.playgroundDrives) owner(`playground ${playground_id}`).push(`layer ${layer_id}`)
  for (const { playground_id, snapshot_id } of rows.warmStarts) owner(`warm ${playground_id}`).push(`snapshot ${snapshot_id}`)
  for (const { id, parent_id, bytes } of rows.layers) add('layer', id, bytes, parent_id === null ? [] : [`layer ${parent_id}`])
  for (const { run_id, layer_id, overlay, next_overlay } of rows.drives) {
    const held = owner(`run ${run_id}`)
    if (layer_id !== null) held.push(`layer ${layer_id}`)
    for (const name of [overlay, next_overlay]) {
      if (name === null) continue
      held.push(`overlay ${run_id}/${name}`)
      add('overlay', `${run_id}/${name}`, overlays.bytesOf(run_id, name), [])
    }
  }
  const drivesOf = Map.groupBy(rows.snapshotDrives, ({ snapshot_id }) => snapshot_id)
  for (const { id, bytes } of rows.snapshots) {
    add(
      'snapshot',
      id,
      bytes,
      (drivesOf.get(id) ?? []).map(({ layer_id }) => `layer ${layer_id}`),
    )
  }
  return { items, holds, totals }
}
