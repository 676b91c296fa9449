import { type Db, destroyed, now } from './database.ts'
import type { RunRow, WarmStartRow } from './schema.ts'

export async function findWarmStart(db: Db, playgroundId: string): Promise<WarmStartRow | undefined> {
  return db.selectFrom('warm_starts').selectAll().where('playground_id', '=', playgroundId).executeTakeFirst()
}

/** Saves the warm start of a playground in place of an older one, whose snapshot is collected once nothing else refers to it. */
export async function setWarmStart(trx: Db, warm: Pick<WarmStartRow, 'playground_id' | 'shape' | 'snapshot_id'>): Promise<void> {
  await trx.deleteFrom('warm_starts').where('playground_id', '=', warm.playground_id).execute()
  await trx
    .insertInto('warm_starts')
    .values({ ...warm, created_at: now() })
    .execute()
}

/** Removes warm starts of playgrounds that are not in `kept`. */
export async function forgetWarmStarts(db: Db, { kept }: { kept: boolean }): Promise<void> {
  const gone = db.selectFrom('playgrounds').select('id').where('removed_at', 'is not', null)
  const all = db.deleteFrom('warm_starts')
  await (kept ? all.where('playground_id', 'in', gone) : all).execute()
}

/** Warm starts with one of these snapshots. */
export async function forgetWarmStartsOf(trx: Db, snapshotIds: readonly string[]): Promise<void> {
  if (snapshotIds.length > 0) await trx.deleteFrom('warm_starts').where('snapshot_id', 'in', snapshotIds).execute()
}

/** Official playgrounds of which a user's run has been RUNNING. */
export async function listUsedOfficials(db: Db): Promise<string[]> {
  const rows = await db
    .selectFrom('playgrounds')
    .select('id')
    .where('owner_id', 'is', null)
    .where('removed_at', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(
        selectFrom('runs')
          .innerJoin('state_events', 'state_events.run_id', 'runs.id')
          .select('runs.id')
          .whereRef('runs.playground_id', '=', 'playgrounds.id')
          .where('runs.purpose', '=', 'user')
          .where('state_events.state', '=', 'RUNNING'),
      ),
    )
    .orderBy('created_at')
    .execute()
  return rows.map(({ id }) => id)
}

export type ThrowawayRow = Pick<RunRow, 'id' | 'playground_id' | 'wanted' | 'state' | 'resume_from' | 'maps_snapshot'>

/** Throwaway runs that are not gone yet. */
export async function listThrowaways(db: Db): Promise<ThrowawayRow[]> {
  return db
    .selectFrom('runs')
    .select(['id', 'playground_id', 'wanted', 'state', 'resume_from', 'maps_snapshot'])
    .where('purpose', '=', 'warm-start')
    .where('state', '!=', destroyed)
    .execute()
}

/** The snapshot that a spare was resumed from; undefined for a throwaway run whose snapshot will be taken, or that is being destroyed. */
export const isSpare = ({ wanted, resume_from, maps_snapshot }: ThrowawayRow): string | undefined =>
  wanted === 'RUNNING' ? (resume_from ?? maps_snapshot ?? undefined) : undefined

export interface RecentlyUsed {
  readonly playgroundId: string
  readonly snapshotId: string
  /** RFC 3339: when somebody last started a run of it. */
  readonly usedAt: string
}

/** Warm playgrounds of which somebody started a run since then; the last used first. */
export async function listRecentlyUsed(db: Db, since: string): Promise<RecentlyUsed[]> {
  const rows = await db
    .selectFrom('warm_starts')
    .innerJoin('runs', 'runs.playground_id', 'warm_starts.playground_id')
    .select(({ fn }) => ['warm_starts.playground_id', 'snapshot_id', fn.max('runs.created_at').as('used_at')])
    .where('runs.purpose', '=', 'user')
    .where('runs.cloned_from', 'is', null)
    .where('runs.created_at', '>=', since)
    .groupBy('warm_starts.playground_id')
    .orderBy('used_at', 'desc')
    .execute()
  return rows.map(({ playground_id, snapshot_id, used_at }) => ({
    playgroundId: playground_id,
    snapshotId: snapshot_id,
    usedAt: used_at,
  }))
}
