import { type Db, destroyed } from './database.ts'

/** Something that an image must stay for. */
export interface ImageHolder {
  /** Of the image. */
  readonly name: string
  /** A run with a drive, or a playground with a saved one, on the image's layer; of a snapshot nothing. */
  readonly run?: HoldingRun
  readonly playgroundId?: string
}

export interface HoldingRun {
  readonly id: string
  readonly title: string
  readonly owner_id: string
  readonly purpose: 'user' | 'warm-start'
}

/** What stands on the layers of images, at whatever distance. */
export async function imageHolders(db: Db): Promise<ImageHolder[]> {
  const stacks = () =>
    db.withRecursive('stack', (query) =>
      query
        .selectFrom('images')
        .select(['images.name as name', 'images.layer_id as id'])
        .union(
          query
            .selectFrom('layers')
            .innerJoin('stack', 'layers.parent_id', 'stack.id')
            .select(['stack.name as name', 'layers.id as id']),
        ),
    )
  const runs = await stacks()
    .selectFrom('stack')
    .innerJoin('drives', 'drives.layer_id', 'stack.id')
    .innerJoin('runs', 'runs.id', 'drives.run_id')
    .where('runs.state', '<>', destroyed)
    .select(['stack.name', 'runs.id', 'runs.title', 'runs.owner_id', 'runs.purpose'])
    .distinct()
    .execute()
  const playgrounds = await stacks()
    .selectFrom('stack')
    .innerJoin('playground_drives', 'playground_drives.layer_id', 'stack.id')
    .select(['stack.name', 'playground_drives.playground_id'])
    .distinct()
    .execute()
  const snapshots = await stacks()
    .selectFrom('stack')
    .innerJoin('snapshot_drives', 'snapshot_drives.layer_id', 'stack.id')
    .select('stack.name')
    .distinct()
    .execute()
  return [
    ...runs.map(({ name, ...run }) => ({ name, run })),
    ...playgrounds.map(({ name, playground_id }) => ({ name, playgroundId: playground_id })),
    ...snapshots,
  ]
}

/** Plans of runs that have never run: some of their drives may be without a row so far, and begin with their images. */
export async function plansBeforeTheirImages(db: Db): Promise<(HoldingRun & { readonly plan: string })[]> {
  return db
    .selectFrom('runs')
    .select(['id', 'title', 'owner_id', 'purpose', 'plan'])
    .where('state', '<>', destroyed)
    .where('cloned_from', 'is', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('state_events')
            .select('seq')
            .whereRef('state_events.run_id', '=', 'runs.id')
            .where('state_events.state', '=', 'RUNNING'),
        ),
      ),
    )
    .execute()
}
