import { join } from 'node:path'
import type { Disks } from '@ramet/engine/disk/disk.ts'
import { overlaysFolder } from '@ramet/engine/run/run-folder.ts'
import { type Db, readTransaction } from '../../store/database.ts'
import { type Item, type Share, shares } from './shares.ts'

export interface UsageTools {
  readonly db: Db
  readonly disks: Pick<Disks, 'bytes'>
  /** RAMET_HOME. */
  readonly home: string
}

/** Bytes on disk (st_blocks x 512) of layers, overlays and snapshots, as they are now. */
export interface Usage {
  /** By id of the run. */
  readonly runs: ReadonlyMap<string, Share>
  /** By id of the playground. Those made from a manifest hold nothing of their own. */
  readonly playgrounds: ReadonlyMap<string, Share>
  /** By name. */
  readonly images: ReadonlyMap<string, Share>
  /** Of what playgrounds are kept warm with, by id of the playground. */
  readonly warmStarts: ReadonlyMap<string, Share>
  readonly total: {
    readonly bytes: number
    readonly layerBytes: number
    readonly overlayBytes: number
    readonly snapshotBytes: number
    /** Of all owners' exclusive parts; `bytes` is this, `sharedBytes` and `unheldBytes`. */
    readonly exclusiveBytes: number
    /** Counted once, however many share them. */
    readonly sharedBytes: number
    /** Not collected yet. */
    readonly unheldBytes: number
  }
}

/** Who holds what. Owners are named `run <id>`, `playground <id>`, `image <name>` and `warm <id of the playground>`. */
export interface Holdings {
  readonly items: ReadonlyMap<string, Item>
  readonly holds: ReadonlyMap<string, readonly string[]>
  /** Bytes of all items, by kind. */
  readonly totals: { readonly layer: number; readonly overlay: number; readonly snapshot: number }
}

/** Who uses how much. */
export const usage = async (tools: UsageTools): Promise<Usage> => usageOf(await readHoldings(tools))

/** A run holds its overlays, its drives' layers, the snapshot that it is to resume and the one that its machines have mapped; a warm start holds its. */
export async function readHoldings({ db, disks, home }: UsageTools): Promise<Holdings> {
  const rows = await readTransaction(db, readRows)
  const items = new Map<string, Item>()
  const holds = new Map<string, string[]>()
  const hold = (owner: string, item: string | null) => {
    const held = holds.get(owner) ?? []
    holds.set(owner, item === null ? held : [...held, item])
  }
  // What went between the rows and its file counts as nothing.
  const measure = (files: readonly string[]) =>
    Promise.all(files.map((file) => disks.bytes(file).catch(() => 0))).then((bytes) => bytes.reduce((sum, each) => sum + each, 0))
  const totals = { layer: 0, overlay: 0, snapshot: 0 }
  const add = async (kind: keyof typeof totals, id: string, files: readonly string[], on: readonly string[]) => {
    const bytes = await measure(files)
    totals[kind] += bytes
    items.set(`${kind} ${id}`, { bytes, on })
  }

  for (const { id } of rows.runs) hold(`run ${id}`, null)
  for (const { id } of rows.playgrounds) hold(`playground ${id}`, null)
  for (const { name, layer_id } of rows.images) hold(`image ${name}`, `layer ${layer_id}`)
  for (const { playground_id, layer_id } of rows.playgroundDrives) hold(`playground ${playground_id}`, `layer ${layer_id}`)
  for (const { id, resume_from, maps_snapshot } of rows.runs) {
    for (const snapshot of [resume_from, maps_snapshot]) if (snapshot !== null) hold(`run ${id}`, `snapshot ${snapshot}`)
  }
  for (const { playground_id, snapshot_id } of rows.warmStarts) hold(`warm ${playground_id}`, `snapshot ${snapshot_id}`)
  const adding: Promise<void>[] = []
  for (const { id, file, parent_id } of rows.layers) {
    adding.push(add('layer', id, [join(home, file)], parent_id === null ? [] : [`layer ${parent_id}`]))
  }
  for (const { run_id, layer_id, overlay, next_overlay } of rows.drives) {
    if (layer_id !== null) hold(`run ${run_id}`, `layer ${layer_id}`)
    for (const name of [overlay, next_overlay]) {
      if (name === null) continue
      hold(`run ${run_id}`, `overlay ${run_id}/${name}`)
      adding.push(add('overlay', `${run_id}/${name}`, [join(overlaysFolder(home, run_id), name)], []))
    }
  }
  for (const { id } of rows.snapshots) {
    const machines = rows.snapshotMachines.filter(({ snapshot_id }) => snapshot_id === id)
    const drives = rows.snapshotDrives.filter(({ snapshot_id }) => snapshot_id === id)
    const files = machines.flatMap(({ device_state_file, ram_file }) => [join(home, device_state_file), join(home, ram_file)])
    adding.push(
      add(
        'snapshot',
        id,
        files,
        drives.map(({ layer_id }) => `layer ${layer_id}`),
      ),
    )
  }
  await Promise.all(adding)
  return { items, holds, totals }
}

export function usageOf({ items, holds, totals }: Holdings): Usage {
  const { byOwner, exclusiveBytes, sharedBytes, unheldBytes } = shares(items, holds)
  const of = (kind: string) =>
    new Map(
      [...byOwner].flatMap(([owner, share]) =>
        owner.startsWith(`${kind} `) ? [[owner.slice(kind.length + 1), share] as const] : [],
      ),
    )
  return {
    runs: of('run'),
    playgrounds: of('playground'),
    images: of('image'),
    warmStarts: of('warm'),
    total: {
      bytes: totals.layer + totals.overlay + totals.snapshot,
      layerBytes: totals.layer,
      overlayBytes: totals.overlay,
      snapshotBytes: totals.snapshot,
      exclusiveBytes,
      sharedBytes,
      unheldBytes,
    },
  }
}

async function readRows(trx: Db) {
  return {
    // Half-made layers are left out: their file is a overlay's still, or a copy that nobody has yet.
    layers: await trx.selectFrom('layers').select(['id', 'parent_id', 'file']).where('state', '=', 'sealed').execute(),
    images: await trx.selectFrom('images').select(['name', 'layer_id']).execute(),
    runs: await trx.selectFrom('runs').select(['id', 'resume_from', 'maps_snapshot']).where('state', '!=', 'DESTROYED').execute(),
    drives: await trx.selectFrom('drives').select(['run_id', 'layer_id', 'overlay', 'next_overlay']).execute(),
    playgrounds: await trx.selectFrom('playgrounds').select('id').where('removed_at', 'is', null).execute(),
    playgroundDrives: await trx.selectFrom('playground_drives').select(['playground_id', 'layer_id']).execute(),
    snapshots: await trx.selectFrom('snapshots').select('id').execute(),
    warmStarts: await trx.selectFrom('warm_starts').select(['playground_id', 'snapshot_id']).execute(),
    snapshotMachines: await trx
      .selectFrom('snapshot_machines')
      .select(['snapshot_id', 'device_state_file', 'ram_file'])
      .execute(),
    snapshotDrives: await trx.selectFrom('snapshot_drives').select(['snapshot_id', 'layer_id']).execute(),
  }
}
