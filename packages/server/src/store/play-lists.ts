import type { RunState } from '@ramet/model/run/run-state.ts'
import { sql } from 'kysely'
import { type Db, destroyed } from './database.ts'
import { snapshotOf } from './run-memory.ts'
import { type Run, readRunRow } from './runs.ts'
import type { PlaygroundRow, RunMachineRow, RunRow, SnapshotRow, StateEventRow, TaskRow } from './schema.ts'

/** Runs as lists show them: a page, and in a fixed number of queries all that a page of them has besides. */

export interface RunPage {
  /** Whose runs are listed: model's `ownersFor`. */
  readonly owners: readonly string[]
  /** Destroyed ones are listed when they went after this moment. */
  readonly goneSince: string
  readonly limit: number
  /** Id of the run after which the page begins; one that is not there is after all. */
  readonly after: string | undefined
}

/** Newest first. Users' runs only. */
export async function listRunPage(db: Db, page: RunPage): Promise<Run[]> {
  const after =
    page.after === undefined
      ? undefined
      : await db
          .selectFrom('runs')
          .select(['id', 'created_at'])
          .where('id', '=', page.after)
          .where('owner_id', 'in', page.owners)
          .executeTakeFirst()
  if (page.after !== undefined && !after) return []
  const ofPage = () => {
    const runs = db.selectFrom('runs').selectAll().where('owner_id', 'in', page.owners).where('purpose', '=', 'user')
    // As one comparison of rows: PostgreSQL uses no index for the same said with `or`.
    const from = after ? runs.where(sql<boolean>`(created_at, id) < (${after.created_at}, ${after.id})`) : runs
    return from.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(page.limit)
  }
  // Two queries, each over an index of its own: runs that are gone are many, and those that went just now are few.
  const there = await ofPage().where('state', '!=', destroyed).execute()
  const gone = await ofPage().where('state', '=', destroyed).where('last_state_at', '>', page.goneSince).execute()
  const rows = gone.length === 0 ? there : [...there, ...gone].toSorted(newestFirst).slice(0, page.limit)
  return rows.map(readRunRow)
}

export interface AnyRun extends Run {
  readonly owner_name: string
  readonly playground_owner: string | null
}

/** Of everybody, newest first, without those that have been destroyed. */
export async function listAllRuns(db: Db, { limit, after }: Pick<RunPage, 'limit' | 'after'>): Promise<AnyRun[]> {
  const from =
    after === undefined
      ? undefined
      : await db.selectFrom('runs').select(['id', 'created_at']).where('id', '=', after).executeTakeFirst()
  if (after !== undefined && !from) return []
  const runs = db
    .selectFrom('runs')
    .innerJoin('users', 'users.id', 'runs.owner_id')
    .innerJoin('playgrounds', 'playgrounds.id', 'runs.playground_id')
    .selectAll('runs')
    .select(['users.name as owner_name', 'playgrounds.owner_id as playground_owner'])
    .where('purpose', '=', 'user')
    .where('state', '!=', destroyed)
  const page = from ? runs.where(sql<boolean>`(runs.created_at, runs.id) < (${from.created_at}, ${from.id})`) : runs
  const rows = await page.orderBy('runs.created_at', 'desc').orderBy('runs.id', 'desc').limit(limit).execute()
  return rows.map((row) => ({ ...readRunRow(row), owner_name: row.owner_name, playground_owner: row.playground_owner }))
}

/** Of users' runs that have not been destroyed. */
export async function countRunsByState(db: Db, owners: readonly string[]): Promise<{ state: RunState; count: number }[]> {
  return db
    .selectFrom('runs')
    .select(({ fn }) => ['state', fn.countAll<number>().as('count')])
    .where('owner_id', 'in', owners)
    .where('purpose', '=', 'user')
    .where('state', '!=', destroyed)
    .groupBy('state')
    .execute()
}

const newestFirst = (a: RunRow, b: RunRow) => compare(b.created_at, a.created_at) || compare(b.id, a.id)
const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

export type TaskState = Pick<TaskRow, 'run_id' | 'name' | 'kind' | 'status' | 'version'>

/** What belongs to runs. Machines, tasks and events are in their order. */
export interface RunParts {
  readonly machines: readonly RunMachineRow[]
  /** Without their output, which may be long. */
  readonly tasks: readonly TaskState[]
  readonly events: readonly StateEventRow[]
  readonly playgrounds: readonly Pick<PlaygroundRow, 'id' | 'owner_id' | 'spec'>[]
  /** Of the runs that these were cloned from. */
  readonly sources: readonly Pick<RunRow, 'id' | 'title'>[]
  readonly snapshots: readonly Pick<SnapshotRow, 'id' | 'at' | 'bytes'>[]
}

/** `mostEvents`: of each run, its latest. */
export async function readRunParts(db: Db, rows: readonly Run[], mostEvents: number): Promise<RunParts> {
  const ids = rows.map(({ id }) => id)
  const playgrounds = distinct(rows.map(({ playground_id }) => playground_id))
  const sources = distinct(rows.map(({ cloned_from }) => cloned_from))
  const snapshots = distinct(rows.map(({ memory }) => snapshotOf(memory) ?? null))
  const [machines, tasks, events, playgroundRows, sourceRows, snapshotRows] = await Promise.all([
    db.selectFrom('run_machines').selectAll().where('run_id', 'in', ids).orderBy('run_id').orderBy('machine_index').execute(),
    db
      .selectFrom('run_tasks')
      .select(['run_id', 'name', 'kind', 'status', 'version'])
      .where('run_id', 'in', ids)
      .orderBy('run_id')
      .orderBy('task_index')
      .execute(),
    latestEvents(db, ids, mostEvents),
    db.selectFrom('playgrounds').select(['id', 'owner_id', 'spec']).where('id', 'in', playgrounds).execute(),
    sources.length === 0 ? [] : db.selectFrom('runs').select(['id', 'title']).where('id', 'in', sources).execute(),
    snapshots.length === 0 ? [] : db.selectFrom('snapshots').select(['id', 'at', 'bytes']).where('id', 'in', snapshots).execute(),
  ])
  return { machines, tasks, events, playgrounds: playgroundRows, sources: sourceRows, snapshots: snapshotRows }
}

/** Numbers of a run's events have no gaps, so the latest are those whose number is near the greatest: an end of the primary key's index. */
function latestEvents(db: Db, ids: readonly string[], most: number): Promise<StateEventRow[]> {
  return (
    db
      .selectFrom('runs')
      .innerJoin('state_events as event', 'event.run_id', 'runs.id')
      .selectAll('event')
      .where('runs.id', 'in', ids)
      // What follows from the join is said again: PostgreSQL would read the events of all runs.
      .where('event.run_id', 'in', ids)
      .where('event.seq', '>', sql<number>`(select max(seq) from state_events where run_id = runs.id) - ${sql.lit(most)}`)
      .orderBy('event.run_id')
      .orderBy('event.seq')
      .execute()
  )
}

const distinct = <T>(values: readonly (T | null)[]): T[] => [...new Set(values.filter((value) => value !== null))]
