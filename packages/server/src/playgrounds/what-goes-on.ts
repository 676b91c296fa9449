import type { RemovedPlayground } from '@ramet/model/api/wire.ts'
import type { Db } from '../store/database.ts'

/** Runs of a playground and playgrounds made from it, which outlive it: they hold their layers themselves. */
export async function whatGoesOn(db: Db, playgroundId: string): Promise<Pick<RemovedPlayground, 'runs' | 'playgrounds'>> {
  const runs = await db
    .selectFrom('runs')
    .select(['id', 'title'])
    .where('playground_id', '=', playgroundId)
    .where('state', '!=', 'DESTROYED')
    .orderBy('created_at')
    .execute()
  const playgrounds = await db
    .selectFrom('playgrounds')
    .select('name')
    .where('base_id', '=', playgroundId)
    .where('removed_at', 'is', null)
    .orderBy('name')
    .execute()
  return { runs, playgrounds: playgrounds.map(({ name }) => name) }
}
