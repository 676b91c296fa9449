import { notFound } from '@ramet/model/errors.ts'
import { isOff, type MachineState, type RunState, type WantedState } from '@ramet/model/run-state.ts'
import type { Condition, Failure } from '@ramet/model/wire.ts'
import type { Kysely } from 'kysely'
import { type Db, now } from '../store/database.ts'
import type { Database, RunRow } from '../store/schema.ts'

/** Every write to a run's rows stands here. */

export async function findRun(db: Db, id: string): Promise<RunRow | undefined> {
  return db.selectFrom('runs').selectAll().where('id', '=', id).executeTakeFirst()
}

export async function readRun(db: Db, id: string): Promise<RunRow> {
  const row = await findRun(db, id)
  if (!row) throw notFound('run', id)
  return row
}

export interface Change {
  readonly state?: RunState
  readonly wanted?: WantedState
  /** null clears it. */
  readonly failure?: Failure | null
  readonly title?: string
  /** Nothing is changed when somebody wants something else meanwhile. */
  readonly ifWanted?: WantedState
}

/** One transaction: the row, and a state event when the state is another one. */
export async function changeRun(db: Kysely<Database>, id: string, change: Change): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const row = await readRun(trx, id)
    if (change.ifWanted !== undefined && row.wanted !== change.ifWanted) return
    const at = now()
    const isNewState = change.state !== undefined && change.state !== row.state
    await trx
      .updateTable('runs')
      .set({
        updated_at: at,
        ...(change.title === undefined ? {} : { title: change.title }),
        ...(change.wanted === undefined ? {} : { wanted: change.wanted }),
        ...(change.failure === undefined ? {} : { failure: change.failure === null ? null : JSON.stringify(change.failure) }),
        ...(isNewState ? { state: change.state, last_state_at: at } : {}),
        // None of its machines is left that has a snapshot's memory mapped.
        ...(change.state !== undefined && isOff(change.state) ? { maps_snapshot: null } : {}),
      })
      .where('id', '=', id)
      .execute()
    if (isNewState && change.state !== undefined) await addStateEvent(trx, id, change.state, at, change.failure?.message)
  })
}

export async function addStateEvent(trx: Db, id: string, state: RunState, at: string, error?: string): Promise<void> {
  const last = await trx
    .selectFrom('state_events')
    .select(({ fn }) => fn.max('seq').as('seq'))
    .where('run_id', '=', id)
    .executeTakeFirst()
  await trx
    .insertInto('state_events')
    .values({ run_id: id, seq: Number(last?.seq ?? 0) + 1, state, at, error: error ?? null })
    .execute()
}

export async function changeMachine(
  db: Kysely<Database>,
  runId: string,
  name: string,
  state: MachineState,
  isReady: boolean,
  message?: string,
): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('run_machines')
      .selectAll()
      .where('run_id', '=', runId)
      .where('name', '=', name)
      .executeTakeFirst()
    if (!row) return
    const before = (JSON.parse(row.conditions) as Condition[]).find((condition) => condition.name === 'Ready')
    const status = isReady ? 'True' : 'False'
    if (row.state === state && before?.status === status && before.message === message) return
    const ready: Condition = {
      name: 'Ready',
      status,
      lastTransitionAt: before?.status === status ? before.lastTransitionAt : now(),
      ...(message === undefined ? {} : { message }),
    }
    await trx
      .updateTable('run_machines')
      .set({ state, conditions: JSON.stringify([ready]) })
      .where('run_id', '=', runId)
      .where('name', '=', name)
      .execute()
  })
}

export const failureOf = (row: Pick<RunRow, 'failure'>): Failure | undefined =>
  row.failure === null ? undefined : (JSON.parse(row.failure) as Failure)
