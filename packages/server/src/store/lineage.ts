import { type Db, destroyed } from './database.ts'
import type { PlaygroundRow, RunRow } from './schema.ts'

/** Rows of runs as lineages show them; throwaway runs of the platform's own have no place in them. */
export type RunKin = Pick<
  RunRow,
  'id' | 'owner_id' | 'purpose' | 'playground_id' | 'cloned_from' | 'title' | 'state' | 'created_at'
>
const ofRun = ['id', 'owner_id', 'purpose', 'playground_id', 'cloned_from', 'title', 'state', 'created_at'] as const

export type PlaygroundKin = Pick<
  PlaygroundRow,
  | 'id'
  | 'owner_id'
  | 'access'
  | 'co_authors'
  | 'offered_to'
  | 'base_id'
  | 'saved_from'
  | 'name'
  | 'title'
  | 'removed_at'
  | 'created_at'
>
const ofPlayground = [
  'id',
  'owner_id',
  'access',
  'co_authors',
  'offered_to',
  'base_id',
  'saved_from',
  'name',
  'title',
  'removed_at',
  'created_at',
] as const

/** Ids of parents, by what they are. */
export interface Parents {
  readonly runs: readonly string[]
  readonly playgrounds: readonly string[]
}

export async function findRunKin(db: Db, id: string): Promise<RunKin | undefined> {
  return db.selectFrom('runs').select(ofRun).where('id', '=', id).executeTakeFirst()
}

export async function findPlaygroundKin(db: Db, id: string): Promise<PlaygroundKin | undefined> {
  return db.selectFrom('playgrounds').select(ofPlayground).where('id', '=', id).executeTakeFirst()
}

/** What is listed: of these owners (model's `ownersFor`; null is the platform), and at most so many. */
export interface Offspring {
  readonly owners: readonly (string | null)[]
  readonly most: number
}

/** Runs cloned from these runs or started from these playgrounds, oldest first. */
export async function runsFrom(db: Db, { runs, playgrounds }: Parents, { owners, most }: Offspring): Promise<RunKin[]> {
  return db
    .selectFrom('runs')
    .select(ofRun)
    .where('purpose', '=', 'user')
    .where((is) => is.or(owners.map((owner) => (owner === null ? is('owner_id', 'is', null) : is('owner_id', '=', owner)))))
    .where((is) =>
      is.or([
        // Not every database takes an empty list.
        ...(runs.length === 0 ? [] : [is('cloned_from', 'in', runs)]),
        ...(playgrounds.length === 0 ? [] : [is.and([is('cloned_from', 'is', null), is('playground_id', 'in', playgrounds)])]),
      ]),
    )
    .orderBy('created_at')
    .limit(most)
    .execute()
}

/** Playgrounds saved from these runs or made from these playgrounds, oldest first. */
export async function playgroundsFrom(db: Db, parents: Parents, { owners, most }: Offspring): Promise<PlaygroundKin[]> {
  const { runs, playgrounds } = parents
  return db
    .selectFrom('playgrounds')
    .select(ofPlayground)
    .where((is) => is.or(owners.map((owner) => (owner === null ? is('owner_id', 'is', null) : is('owner_id', '=', owner)))))
    .where((is) =>
      is.or([
        ...(runs.length === 0 ? [] : [is('saved_from', 'in', runs)]),
        ...(playgrounds.length === 0 ? [] : [is.and([is('saved_from', 'is', null), is('base_id', 'in', playgrounds)])]),
      ]),
    )
    .orderBy('created_at')
    .limit(most)
    .execute()
}

export interface SavedFrom {
  readonly id: string
  readonly title: string
}

/** The runs that playgrounds were saved from, by id: their titles are told even when they are destroyed. */
export async function sourcesOfSaved(
  db: Db,
  playgrounds: readonly Pick<PlaygroundRow, 'saved_from'>[],
): Promise<ReadonlyMap<string, SavedFrom>> {
  const ids = [...new Set(playgrounds.flatMap(({ saved_from }) => saved_from ?? []))]
  if (ids.length === 0) return new Map()
  const runs = await db.selectFrom('runs').select(['id', 'title']).where('id', 'in', ids).execute()
  return new Map(runs.map((run) => [run.id, run]))
}

/** Runs of a playground that have not been destroyed, oldest first. */
export async function runsOfPlayground(db: Db, playgroundId: string): Promise<{ id: string; title: string }[]> {
  return db
    .selectFrom('runs')
    .select(['id', 'title'])
    .where('playground_id', '=', playgroundId)
    .where('state', '!=', destroyed)
    .where('purpose', '=', 'user')
    .orderBy('created_at')
    .execute()
}
