import type { Condition, Failure } from '@ramet/model/api/wire.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import { isOff, type MachineState, type RunState, type WantedMachineState, type WantedState } from '@ramet/model/run/run-state.ts'
import { type Db, now, transaction } from '../store/database.ts'
import type { RunMachineRow, RunRow } from '../store/schema.ts'

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
  /** By its next stop the guests are shut down instead of having their memory kept. */
  readonly powerOff?: boolean
  /** Why its next start boots, as a sentence; null: nothing went otherwise than planned. */
  readonly coldReason?: string | null
  /** Its next start boots, although its memory was kept. */
  readonly boots?: boolean
  /** All machines are wanted on again, whatever was wanted of each. */
  readonly allMachines?: boolean
  /** Nothing is changed when somebody wants something else meanwhile. */
  readonly ifWanted?: WantedState
}

/** One transaction: the row, and a state event when the state is another one. */
export async function changeRun(db: Db, id: string, change: Change): Promise<void> {
  await transaction(db, async (trx) => {
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
        ...(change.powerOff === undefined ? {} : { power_off: change.powerOff ? 1 : 0 }),
        ...(change.coldReason === undefined ? {} : { cold_reason: change.coldReason }),
        ...(change.boots ? { resume_from: null } : {}),
        ...(change.state === undefined ? {} : memoryIn(change.state)),
      })
      .where('id', '=', id)
      .execute()
    if (change.allMachines) {
      await trx.updateTable('run_machines').set({ wanted: 'RUNNING', left_boot: null }).where('run_id', '=', id).execute()
    }
    if (isNewState && change.state !== undefined) await addStateEvent(trx, id, change.state, at, change.failure?.message)
  })
}

/** None of its machines is left that has a snapshot's memory mapped. */
export async function unmapSnapshot(db: Db, id: string): Promise<void> {
  await db.updateTable('runs').set({ maps_snapshot: null, asleep: 0 }).where('id', '=', id).execute()
}

/** Off: nothing has memory mapped. On: all machines are awake, and what led there is over. */
function memoryIn(state: RunState): Partial<RunRow> {
  if (isOff(state)) return { maps_snapshot: null, asleep: 0 }
  return state === 'RUNNING' ? { asleep: 0, power_off: 0, cold_reason: null } : {}
}

/** Before a boot: what its machines had mapped is gone with them. */
export async function noteColdStart(db: Db, id: string): Promise<void> {
  await transaction(db, async (trx) => {
    const row = await readRun(trx, id)
    const wasUp = await trx
      .selectFrom('state_events')
      .select('seq')
      .where('run_id', '=', id)
      .where('state', '=', 'RUNNING')
      .executeTakeFirst()
    const reason = row.cold_reason ?? (wasUp ? 'Its memory had not been kept.' : 'It was started for the first time.')
    const values = { start_kind: 'cold', start_reason: reason, epoch: null, maps_snapshot: null } as const
    await trx.updateTable('runs').set(values).where('id', '=', id).execute()
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

export interface MachineChange {
  readonly state: MachineState
  readonly isReady?: boolean
  /** Why it is so, as a sentence. */
  readonly message?: string | undefined
  readonly wanted?: WantedMachineState
  /** Nothing is changed when it is in another state meanwhile. */
  readonly ifState?: readonly MachineState[]
  /** Nothing is changed when something else is wanted of it meanwhile. */
  readonly ifWanted?: WantedMachineState
}

/** One transaction. True when it was changed, or was so already. */
export async function changeMachine(db: Db, runId: string, name: string, change: MachineChange): Promise<boolean> {
  const { state, isReady = false, message, wanted } = change
  return transaction(db, async (trx) => {
    const row = await findMachine(trx, runId, name)
    if (!row || (change.ifState && !change.ifState.includes(row.state))) return false
    if (change.ifWanted !== undefined && change.ifWanted !== row.wanted) return false
    const before = readyCondition(row)
    const status = isReady ? 'True' : 'False'
    const isSame = row.state === state && before?.status === status && before.message === message
    if (isSame && (wanted === undefined || wanted === row.wanted)) return true
    const ready: Condition = {
      name: 'Ready',
      status,
      lastTransitionAt: before?.status === status ? before.lastTransitionAt : now(),
      ...(message === undefined ? {} : { message }),
    }
    await trx
      .updateTable('run_machines')
      .set({
        state,
        conditions: JSON.stringify([ready]),
        // A boot to be left belongs to one request.
        ...(wanted === undefined ? {} : { wanted, left_boot: null }),
      })
      .where('run_id', '=', runId)
      .where('name', '=', name)
      .execute()
    return true
  })
}

export async function findMachine(db: Db, runId: string, name: string): Promise<RunMachineRow | undefined> {
  return db.selectFrom('run_machines').selectAll().where('run_id', '=', runId).where('name', '=', name).executeTakeFirst()
}

/** In the order of the manifest. */
export async function listMachines(db: Db, runId: string): Promise<RunMachineRow[]> {
  return db.selectFrom('run_machines').selectAll().where('run_id', '=', runId).orderBy('machine_index').execute()
}

export const readyCondition = (row: Pick<RunMachineRow, 'conditions'>): Condition | undefined =>
  (JSON.parse(row.conditions) as Condition[]).find((condition) => condition.name === 'Ready')

export const failureOf = (row: Pick<RunRow, 'failure'>): Failure | undefined =>
  row.failure === null ? undefined : (JSON.parse(row.failure) as Failure)
