import type { Failure } from '@ramet/model/api/wire.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { isGone, type RunState, takesMemory, type WantedState } from '@ramet/model/run/run-state.ts'
import { type Db, destroyed, now } from './database.ts'
import { readPlan } from './read-plan.ts'
import { goesOnFrom, memoryColumns, type RunMemory, readMemory } from './run-memory.ts'
import type { NewRun, RunRow } from './schema.ts'

/** All SQL on `runs` and `state_events`. What writes is called by `runs/run.ts` alone (`npm run lint` sees to it). */

type Encoded = 'plan' | 'failure' | 'resume_from' | 'maps_snapshot' | 'asleep' | 'is_borrowed' | 'power_off'

/** A parsed row of `runs`: documents are parsed, flags are converted to unions. */
export interface Run extends Omit<RunRow, Encoded> {
  /** A plan without machines if it cannot be read: the run is FAILED then. */
  readonly plan: RunPlan
  readonly failure: Failure | undefined
  readonly memory: RunMemory
  /** A stop shuts the guests down instead of keeping their memory. */
  readonly shutsDown: boolean
}

/** Changes that the owner of runs may write. */
export interface RunValues extends Partial<Omit<RunRow, Encoded | 'id' | 'plan'>>, Partial<Pick<Run, 'memory' | 'shutsDown'>> {
  /** null clears it. */
  readonly failure?: Failure | null
}

const noPlan: RunPlan = { version: 1, machines: [], networks: [] }

/** A run whose plan cannot be read is FAILED with the reason wherever it is read; it can be destroyed. */
export function readRunRow(row: RunRow): Run {
  const { plan, failure, resume_from, maps_snapshot, asleep, is_borrowed, power_off, ...rest } = row
  const read = {
    ...rest,
    failure: failure === null ? undefined : parseFailure(failure),
    memory: readMemory(row),
    shutsDown: power_off === 1,
  }
  const found = readPlan(plan)
  if ('plan' in found) return { ...read, plan: found.plan }
  const isGoing = row.wanted === 'DESTROYED' || isGone(row.state)
  return {
    ...read,
    plan: noPlan,
    ...(isGoing ? {} : { wanted: 'STOPPED', state: 'FAILED', failure: unreadable(found.unreadable) }),
  }
}

const unreadable = (reason: string): Failure => ({
  code: 'plan_unreadable',
  message: reason,
  hint: 'It cannot be started any more. Destroy it, or use the version of Ramet that made it.',
})

function parseFailure(text: string): Failure {
  try {
    return JSON.parse(text) as Failure
  } catch {
    return { code: 'failure_unreadable', message: text }
  }
}

export async function findRun(db: Db, id: string): Promise<Run | undefined> {
  const row = await db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst()
  return row && readRunRow(row)
}

/** Throws `not_found`. */
export async function readRun(db: Db, id: string): Promise<Run> {
  const run = await findRun(db, id)
  if (!run) throw notFound('run', id)
  return run
}

const atOnce = 200

/** Runs that the reconciler has, or may have, something to do with; a few in memory at a time, since a home has many that are at rest. */
export async function* livingRuns(db: Db): AsyncGenerator<Run> {
  const ids = (await db.selectFrom('runs').select('id').where('state', '!=', destroyed).execute()).map(({ id }) => id)
  for (let at = 0; at < ids.length; at += atOnce) {
    const rows = await db
      .selectFrom('runs')
      .selectAll()
      .where('id', 'in', ids.slice(at, at + atOnce))
      .execute()
    yield* rows.map(readRunRow)
  }
}

/** Of runs that are on and end at some time: when, earliest first. */
export async function listEndings(db: Db): Promise<Pick<Run, 'id' | 'ends_at' | 'max_play_minutes'>[]> {
  return db
    .selectFrom('runs')
    .select(['id', 'ends_at', 'max_play_minutes'])
    .where('ends_at', 'is not', null)
    .where('session_at', 'is not', null)
    .orderBy('ends_at')
    .execute()
}

/** The run that a user's request with this key started. */
export async function findRunByKey(db: Db, ownerId: string, key: string): Promise<Pick<Run, 'id' | 'start_body'> | undefined> {
  return db
    .selectFrom('runs')
    .select(['id', 'start_body'])
    .where('owner_id', '=', ownerId)
    .where('start_key', '=', key)
    .executeTakeFirst()
}

/** Titles of a user's runs that are not gone. */
export async function listTitles(db: Db, ownerId: string): Promise<string[]> {
  const rows = await db
    .selectFrom('runs')
    .select('title')
    .where('owner_id', '=', ownerId)
    .where('state', '!=', destroyed)
    .execute()
  return rows.map(({ title }) => title)
}

/** A user's runs that have not been destroyed. */
export const runsOfUser = (db: Db, ownerId: string): Promise<Pick<Run, 'id' | 'wanted'>[]> =>
  db
    .selectFrom('runs')
    .select(['id', 'wanted'])
    .where('owner_id', '=', ownerId)
    .where('purpose', '=', 'user')
    .where('state', '!=', destroyed)
    .execute()

/** How many runs of a user have not been destroyed. */
export async function countRuns(db: Db, ownerId: string): Promise<number> {
  const row = await db
    .selectFrom('runs')
    .select(({ fn }) => fn.countAll<number>().as('count'))
    .where('owner_id', '=', ownerId)
    .where('purpose', '=', 'user')
    .where('state', '!=', destroyed)
    .executeTakeFirst()
  return Number(row?.count ?? 0)
}

export type PromisedRun = Pick<Run, 'id' | 'title' | 'owner_id' | 'plan'>

/** Runs that are on, starting or stopping. An unreadable plan counts as none. */
export async function listRunsWithMemory(db: Db, purpose: RunRow['purpose']): Promise<PromisedRun[]> {
  const rows = await db
    .selectFrom('runs')
    .select(['id', 'title', 'owner_id', 'plan'])
    .where('state', 'in', takesMemory)
    .where('purpose', '=', purpose)
    .execute()
  return rows.map(({ plan, ...run }) => ({ ...run, plan: planOf(plan) }))
}

export interface PromisedPlans extends Pick<Run, 'owner_id' | 'plan'> {
  /** Runs of this owner with this plan. */
  readonly count: number
}

/** The same, counted: runs of a playground have the same plan, and a start asks for no more. */
export async function countPlansWithMemory(db: Db, purpose: RunRow['purpose']): Promise<PromisedPlans[]> {
  const rows = await db
    .selectFrom('runs')
    .select(({ fn }) => ['owner_id', 'plan', fn.countAll<number>().as('count')])
    .where('state', 'in', takesMemory)
    .where('purpose', '=', purpose)
    .groupBy(['owner_id', 'plan'])
    .execute()
  return rows.map(({ owner_id, plan, count }) => ({ owner_id, plan: planOf(plan), count: Number(count) }))
}

const planOf = (text: string): RunPlan => {
  const found = readPlan(text)
  return 'plan' in found ? found.plan : noPlan
}

/** True once it has been RUNNING. */
export async function wasUp(db: Db, id: string): Promise<boolean> {
  const row = await db
    .selectFrom('state_events')
    .select('seq')
    .where('run_id', '=', id)
    .where('state', '=', 'RUNNING')
    .executeTakeFirst()
  return row !== undefined
}

/** Runs that resume one of these snapshots next. */
export async function listResumersOf(db: Db, snapshotIds: readonly string[]): Promise<Run[]> {
  if (snapshotIds.length === 0) return []
  return (await db.selectFrom('runs').selectAll().where('resume_from', 'in', snapshotIds).execute()).map(readRunRow)
}

export interface SpareSought {
  readonly playgroundId: string
  /** The plan that the run must have been made of. */
  readonly snapshotId: string
  readonly plan: RunPlan
}

/** The platform's runs that are up or starting and equal a new run of this plan; the oldest first. */
export async function listSparesFor(db: Db, { playgroundId, snapshotId, plan }: SpareSought): Promise<Run[]> {
  const rows = await db
    .selectFrom('runs')
    .selectAll()
    .where('playground_id', '=', playgroundId)
    .where('purpose', '=', 'warm-start')
    .where('plan', '=', JSON.stringify(plan))
    .where('state', 'in', ['CREATED', 'WARMING_UP', 'STARTING', 'RUNNING'])
    .where('wanted', '=', 'RUNNING')
    .orderBy('created_at')
    .execute()
  return rows.map(readRunRow).filter(({ memory }) => goesOnFrom(memory) === snapshotId)
}

/** True while a user's run is starting. */
export async function isAnyOnItsWayUp(db: Db): Promise<boolean> {
  const row = await db
    .selectFrom('runs')
    .select('id')
    .where('purpose', '=', 'user')
    .where('wanted', '=', 'RUNNING')
    .where('state', '!=', 'RUNNING')
    .executeTakeFirst()
  return row !== undefined
}

export interface InsertedRun
  extends Pick<
    NewRun,
    | 'id'
    | 'short_id'
    | 'owner_id'
    | 'playground_id'
    | 'playground_name'
    | 'playground_title'
    | 'cloned_from'
    | 'title'
    | 'purpose'
    | 'max_play_minutes'
    | 'at_end'
    | 'session_at'
    | 'ends_at'
    | 'start_key'
    | 'start_body'
  > {
  readonly plan: RunPlan
  readonly memory: RunMemory
  readonly wanted: WantedState
  readonly state: RunState
  readonly cold_reason: string | null
  readonly at: string
}

export async function insertRunRow(trx: Db, { plan, memory, at, ...values }: InsertedRun): Promise<void> {
  await trx
    .insertInto('runs')
    .values({
      ...values,
      ...memoryColumns(memory),
      plan: JSON.stringify(plan),
      failure: null,
      lease: null,
      created_at: at,
      updated_at: at,
      last_state_at: at,
    })
    .execute()
}

/** The one statement that changes a row of `runs`. */
export async function updateRun(trx: Db, id: string, { failure, memory, shutsDown, ...values }: RunValues): Promise<void> {
  await trx
    .updateTable('runs')
    .set({
      updated_at: now(),
      ...values,
      ...(failure === undefined ? {} : { failure: failure === null ? null : JSON.stringify(failure) }),
      ...(memory === undefined ? {} : memoryColumns(memory)),
      ...(shutsDown === undefined ? {} : { power_off: shutsDown ? 1 : 0 }),
    })
    .where('id', '=', id)
    .execute()
}

/** `at`: RFC 3339. `error`: why, as a sentence. */
export async function insertStateEvent(trx: Db, id: string, state: RunState, at: string, error?: string): Promise<void> {
  await trx
    .insertInto('state_events')
    .values(({ selectFrom, fn, val, lit }) => ({
      run_id: id,
      seq: selectFrom('state_events')
        .select(({ eb }) => eb(fn.coalesce(fn.max('seq'), lit(0)), '+', lit(1)).as('seq'))
        .where('run_id', '=', id),
      state,
      at,
      error: val(error ?? null),
    }))
    .execute()
}

export async function deleteStateEvents(trx: Db, id: string): Promise<void> {
  await trx.deleteFrom('state_events').where('run_id', '=', id).execute()
}
