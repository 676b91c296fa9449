import type { Db } from './database.ts'

export interface PlaygroundUse {
  readonly playground_id: string
  readonly count: number
  /** When a run of it was started last; RFC 3339. */
  readonly last: string
}

/** Playgrounds of which a user has started runs, those that are gone included. Clones are no starts. */
export async function usesOfPlaygrounds(db: Db, ownerId: string): Promise<PlaygroundUse[]> {
  const rows = await db
    .selectFrom('runs')
    .select(({ fn }) => ['playground_id', fn.countAll<number>().as('count'), fn.max('created_at').as('last')])
    .where('owner_id', '=', ownerId)
    .where('purpose', '=', 'user')
    .where('cloned_from', 'is', null)
    .groupBy('playground_id')
    .execute()
  return rows.map((row) => ({ ...row, count: Number(row.count) }))
}
