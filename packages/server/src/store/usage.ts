import type { RunState } from '@ramet/model/run/run-state.ts'
import type { Db } from './database.ts'

/** Rows that say who holds what takes room on the disk. Bytes are those on disk (st_blocks x 512) when the file was last made; overlays alone grow. */
export interface HoldingRows {
  /** Sealed ones. A half-made one is left out: its file is an overlay's still, or a copy that nobody has yet. */
  readonly layers: readonly { readonly id: string; readonly parent_id: string | null; readonly bytes: number }[]
  readonly images: readonly { readonly name: string; readonly layer_id: string }[]
  /** Those that have not been destroyed. */
  readonly runs: readonly {
    readonly id: string
    readonly state: RunState
    readonly last_state_at: string
    readonly resume_from: string | null
    readonly maps_snapshot: string | null
  }[]
  readonly drives: readonly {
    readonly run_id: string
    readonly layer_id: string | null
    readonly overlay: string | null
    readonly next_overlay: string | null
  }[]
  readonly playgrounds: readonly { readonly id: string }[]
  readonly playgroundDrives: readonly { readonly playground_id: string; readonly layer_id: string }[]
  readonly snapshots: readonly { readonly id: string; readonly bytes: number }[]
  readonly snapshotDrives: readonly { readonly snapshot_id: string; readonly layer_id: string }[]
  readonly warmStarts: readonly { readonly playground_id: string; readonly snapshot_id: string }[]
}

/** All of them at one moment, if `trx` is a transaction. */
export async function readHoldingRows(trx: Db): Promise<HoldingRows> {
  return {
    layers: await trx.selectFrom('layers').select(['id', 'parent_id', 'bytes']).where('state', '=', 'sealed').execute(),
    images: await trx.selectFrom('images').select(['name', 'layer_id']).execute(),
    runs: await trx
      .selectFrom('runs')
      .select(['id', 'state', 'last_state_at', 'resume_from', 'maps_snapshot'])
      .where('state', '!=', 'DESTROYED')
      .execute(),
    drives: await trx.selectFrom('drives').select(['run_id', 'layer_id', 'overlay', 'next_overlay']).execute(),
    playgrounds: await trx.selectFrom('playgrounds').select('id').where('removed_at', 'is', null).execute(),
    playgroundDrives: await trx.selectFrom('playground_drives').select(['playground_id', 'layer_id']).execute(),
    snapshots: await trx.selectFrom('snapshots').select(['id', 'bytes']).execute(),
    snapshotDrives: await trx.selectFrom('snapshot_drives').select(['snapshot_id', 'layer_id']).execute(),
    warmStarts: await trx.selectFrom('warm_starts').select(['playground_id', 'snapshot_id']).execute(),
  }
}

/** Bytes of all layers and snapshots on record, whoever holds them. */
export async function bytesOnRecord(trx: Db): Promise<number> {
  const { layers, snapshots } = await trx
    .selectNoFrom(({ selectFrom }) => [
      selectFrom('layers')
        .select(({ fn }) => fn.sum<number | null>('bytes').as('sum'))
        .where('state', '=', 'sealed')
        .as('layers'),
      selectFrom('snapshots')
        .select(({ fn }) => fn.sum<number | null>('bytes').as('sum'))
        .as('snapshots'),
    ])
    .executeTakeFirstOrThrow()
  // PostgreSQL's sum of bigint is numeric, which comes as text.
  return Number(layers ?? 0) + Number(snapshots ?? 0)
}

/** Drives that have an overlay, with what tells whether it may have grown. */
export async function listOverlays(trx: Db) {
  return trx
    .selectFrom('drives')
    .innerJoin('runs', 'runs.id', 'drives.run_id')
    .select(['drives.run_id', 'drives.overlay', 'drives.next_overlay', 'runs.id', 'runs.state', 'runs.last_state_at'])
    .where(({ or, eb }) => or([eb('drives.overlay', 'is not', null), eb('drives.next_overlay', 'is not', null)]))
    .execute()
}

/** A user's runs that have not been destroyed, oldest first. */
export async function listRunsForUsage(db: Db, userId: string) {
  return db
    .selectFrom('runs')
    .select(['id', 'title', 'playground_name as playground', 'state', 'created_at as createdAt'])
    .where('owner_id', '=', userId)
    .where('purpose', '=', 'user')
    .where('state', '!=', 'DESTROYED')
    .orderBy('created_at')
    .execute()
}

/** A user's playgrounds that have drives of their own, oldest first. */
export async function listPlaygroundsForUsage(db: Db, userId: string) {
  return db
    .selectFrom('playgrounds')
    .select(['id', 'name', 'title', 'created_at as createdAt'])
    .where('owner_id', '=', userId)
    .where('removed_at', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('playground_drives').select('layer_id').whereRef('playground_id', '=', 'playgrounds.id')),
    )
    .orderBy('created_at')
    .execute()
}

/** Playgrounds that are kept warm, oldest first. */
export async function listWarmStartsForUsage(db: Db) {
  return db
    .selectFrom('warm_starts')
    .innerJoin('playgrounds', 'playgrounds.id', 'warm_starts.playground_id')
    .select(['playgrounds.id', 'playgrounds.name as playground', 'warm_starts.created_at as createdAt'])
    .orderBy('warm_starts.created_at')
    .execute()
}
