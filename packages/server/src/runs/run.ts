import { checkAllowance } from '@ramet/model/access/allowances.ts'
import type { Failure } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { alreadyOver } from '@ramet/model/errors/errors.ts'
import { describeMinutes, endOf } from '@ramet/model/run/lifetime.ts'
import { isOff, type RunState, type WantedState } from '@ramet/model/run/run-state.ts'
import { defaultRunTitle } from '@ramet/model/run/run-title.ts'
import { type MemoryRule, requireMemory } from '../admission/admission.ts'
import { withinLifetime } from '../admission/allowances.ts'
import { allowancesOf } from '../store/allowances.ts'
import { type Db, now, transaction } from '../store/database.ts'
import { awake, mappedBy, type RunMemory, snapshotOf, unmapped, withoutResume } from '../store/run-memory.ts'
import {
  deleteStateEvents,
  findRun,
  insertStateEvent,
  listResumersOf,
  type Run,
  type RunValues,
  readRun,
  updateRun,
  wasUp,
} from '../store/runs.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { mustAllow } from './allowed.ts'
import { type Lifetime, lifeColumns } from './lifetime.ts'
import { wantAllMachines, wantMachines } from './machine.ts'
import { keyColumns, type StartKey } from './start-key.ts'

/**
 * Owns the rows of runs: nothing else changes them. Each function decides and writes in one transaction, so simultaneous calls have an order.
 * Requests of users go through the action table (`transition`). The reconciler's results are written only if the same is still wanted. A run that is wanted
 * DESTROYED stays so.
 */

/** An action of a run's owner. `memory`: the limits by which a run that goes on is admitted. */
export type RunRequest =
  | { readonly action: 'stop' | 'shut_down' | 'destroy' }
  | { readonly action: 'restart' | 'boot'; readonly memory: MemoryRule }
  | { readonly action: 'set_title'; readonly title: string }
  | { readonly action: 'set_lifetime'; readonly lifetime: Partial<Lifetime> }

/** Applies an action to a run. Throws `action_refused` when the action table does not allow it now, and `not_enough_memory`. */
export async function transition(db: Db, id: string, request: RunRequest): Promise<Run> {
  return transaction(db, async (trx) => {
    const run = await readRun(trx, id)
    mustAllow(request.action, run)
    await take(trx, run, request)
    return readRun(trx, id)
  })
}

async function take(trx: Db, run: Run, request: RunRequest): Promise<void> {
  switch (request.action) {
    case 'stop':
      return change(trx, run, { wanted: 'STOPPED', state: 'STOPPING', failure: null, shutsDown: false, cold_reason: null })
    case 'shut_down':
      return change(trx, run, {
        wanted: 'STOPPED',
        state: 'STOPPING',
        failure: null,
        shutsDown: true,
        cold_reason: 'It had been shut down.',
      })
    case 'restart':
    case 'boot': {
      const allowances = await requireMemory(trx, request.memory, run)
      const boots = request.action === 'boot'
      // Machines that were off when the memory was kept stay off.
      if (boots || snapshotOf(run.memory) === undefined) await wantAllMachines(trx, run.id)
      return change(trx, run, {
        wanted: 'RUNNING',
        state: 'STARTING',
        failure: null,
        max_play_minutes: withinLifetime(run.max_play_minutes, allowances),
        ...(boots ? { memory: withoutResume(run.memory), cold_reason: 'A boot was asked for.' } : {}),
      })
    }
    case 'destroy':
      return change(trx, run, { wanted: 'DESTROYED', state: 'DESTROYING' })
    case 'set_title':
      return change(trx, run, { title: request.title })
    case 'set_lifetime':
      return setLifetime(trx, run, request.lifetime)
  }
}

async function setLifetime(trx: Db, run: Run, { minutes: asked, atEnd = run.at_end }: Partial<Lifetime>): Promise<void> {
  const allowances = await allowancesOf(trx, run.owner_id)
  if (asked !== undefined && asked !== null) checkAllowance(allowances, 'lifetime', asked)
  const minutes = withinLifetime(asked === undefined ? run.max_play_minutes : asked, allowances)
  const values = { max_play_minutes: minutes, at_end: atEnd }
  // An end that was reached stays told.
  if (run.wanted !== 'RUNNING') return change(trx, run, values)
  const session_at = run.session_at ?? now()
  const ends_at = endOf(session_at, minutes)
  if (ends_at !== null && ends_at <= now()) throw alreadyOver(describeMinutes(minutes as number), session_at)
  return change(trx, run, { ...values, session_at, ends_at })
}

/** Takes a run down whose time is over. Returns false when it is not, or not any more. */
export const endRun = (db: Db, id: string) =>
  decide(db, id, 'RUNNING', ({ ends_at, at_end }) => {
    if (ends_at === null || ends_at > now()) return {}
    if (at_end === 'destroy') return { wanted: 'DESTROYED', state: 'DESTROYING' }
    return { wanted: 'STOPPED', state: 'STOPPING', failure: null, shutsDown: false, cold_reason: null, ends_at }
  })

/** Records that the run has reached `state`. Returns false and writes nothing when something else is wanted meanwhile. */
export async function advance(
  db: Db,
  id: string,
  whileWanted: WantedState,
  state: RunState,
  { failure }: { readonly failure?: Failure | null } = {},
): Promise<boolean> {
  return decide(db, id, whileWanted, () => ({ state, ...(failure === undefined ? {} : { failure }) }))
}

/** Fails a run because a machine ended while it was RUNNING; checks that, since it may have been started again. */
export const failRunning = (db: Db, id: string, failure: Failure) =>
  decide(db, id, 'RUNNING', ({ state }) => (state === 'RUNNING' ? { wanted: 'STOPPED', state: 'STOPPING', failure } : {}))

/** Makes the run wanted off because of `failure`. What it holds is released next, and then it is FAILED. */
export const failRun = (db: Db, id: string, failure: Failure) =>
  decide(db, id, 'RUNNING', () => ({ wanted: 'STOPPED', state: 'STOPPING', failure }))

/** Makes the run wanted off because its last machine went off by itself. */
export const followMachinesOff = (db: Db, id: string) =>
  decide(db, id, 'RUNNING', ({ state }) => (state === 'RUNNING' ? { wanted: 'STOPPED', state: 'STOPPING' } : {}))

/** After a reboot of the host: starts the run again. The end of its machines is no failure. */
export const startAfterReboot = (db: Db, id: string) =>
  decide(db, id, 'RUNNING', ({ state }) =>
    state === 'RUNNING' ? { state: 'STARTING', cold_reason: 'The host had been switched off.' } : {},
  )

/** Records that nothing of the run is left on the host. */
export const noteDestroyed = (db: Db, id: string) => decide(db, id, 'DESTROYED', () => ({ state: 'DESTROYED', failure: null }))

/** Writes FAILED for a run with an unreadable plan, as `readRun` reports it, so that it is FAILED also where rows are only counted. */
export const noteUnreadable = (db: Db, { id, state, failure }: Run) =>
  transaction(db, async (trx) => {
    await updateRun(trx, id, { wanted: 'STOPPED', state, failure: failure ?? null, last_state_at: now() })
    await insertStateEvent(trx, id, state, now(), failure?.message)
  })

/** Before a boot: records a cold start. Memory that its machines had mapped is gone with them. */
export async function noteColdStart(db: Db, id: string): Promise<void> {
  await changeAnyway(db, id, async (trx, run) => ({
    start_kind: 'cold',
    start_reason:
      run.cold_reason ?? ((await wasUp(trx, id)) ? 'Its memory had not been kept.' : 'It was started for the first time.'),
    epoch: null,
    memory: unmapped(run.memory),
  }))
}

/** In the transaction that seals its drives: makes its next start resume the snapshot, with exactly these machines on. */
export async function keepMemory(trx: Db, id: string, snapshotId: string, on: readonly string[]): Promise<void> {
  const { memory } = await readRun(trx, id)
  const kept = { kind: 'kept', snapshotId, isBorrowed: false, stillMapped: mappedBy(memory) } as const
  await updateRun(trx, id, { memory: kept, cold_reason: null })
  await wantMachines(trx, id, on)
}

/**
 * Consumes the snapshot before the first CPU goes on: the run will never resume it again, and its machines have its memory mapped. `reason`: whose memory of
 * when, as a sentence. Throws `snapshot_consumed` when it is to resume something else.
 */
export async function consumeMemory(trx: Db, id: string, snapshotId: string, epoch: string, reason: string): Promise<void> {
  const { memory } = await readRun(trx, id)
  if (memory.kind !== 'kept' || memory.snapshotId !== snapshotId)
    throw new RametError('snapshot_consumed', 500, `The run ${id} is not to resume from the snapshot ${snapshotId}.`)
  const { isBorrowed } = memory
  await updateRun(trx, id, {
    memory: { kind: 'resuming', snapshotId, epoch, isBorrowed },
    start_kind: isBorrowed ? 'warm' : 'resumed',
    start_reason: reason,
  })
}

/** Makes its next start boot because of `reason`, a sentence. A stop that keeps no memory does this too. */
export const bootNext = (db: Db, id: string, reason: string) =>
  changeAnyway(db, id, async (_, { memory }) => ({ memory: withoutResume(memory), shutsDown: true, cold_reason: reason }))

/** Drops snapshots that were lost in a power failure, so that no run resumes them. */
export async function forgetLostMemory(db: Db, lost: readonly string[]): Promise<void> {
  await transaction(db, async (trx) => {
    for (const { id, memory } of await listResumersOf(trx, lost))
      await updateRun(trx, id, {
        memory: withoutResume(memory),
        cold_reason: 'The host was switched off before its memory was on the disk.',
      })
  })
}

/** Records that its guests have their own identity: nothing of a throwaway run is left in it. */
export const noteIdentity = (db: Db, id: string) =>
  changeAnyway(db, id, async (_, { memory }) => ({
    memory: memory.kind === 'resuming' ? { ...memory, isBorrowed: false } : memory,
  }))

/** Records that all its machines are off and none has a snapshot's memory mapped. */
export const noteUnmapped = (db: Db, id: string) => changeAnyway(db, id, async (_, { memory }) => ({ memory: unmapped(memory) }))

/** Drops all its memory, in the transaction that drops its drives or what it borrowed. */
export const dropMemory = (trx: Db, id: string) => updateRun(trx, id, { memory: { kind: 'none' } })

/** Saves the /28 that it holds now or held last. */
export const saveLease = (db: Db, id: string, lease: string) => updateRun(db, id, { lease })

export interface NewOwner {
  readonly ownerId: string
  readonly playground: Pick<PlaygroundRow, 'name' | 'title'>
  readonly title: string | undefined
  /** Saves why it started, or will start, as it does. */
  readonly reason: string | null
  readonly lifetime: Lifetime
  readonly key: StartKey | undefined
}

/** Hands a run of the platform to a user, as if it had been made now: its earlier history is removed. Call it in a transaction. */
export async function giveTo(
  trx: Db,
  id: string,
  { ownerId, playground, title, reason, lifetime, key }: NewOwner,
): Promise<void> {
  const { state } = await readRun(trx, id)
  const at = now()
  await updateRun(trx, id, {
    purpose: 'user',
    owner_id: ownerId,
    playground_name: playground.name,
    playground_title: playground.title,
    title: title ?? defaultRunTitle(id),
    start_reason: reason,
    created_at: at,
    last_state_at: at,
    ...lifeColumns(lifetime, at),
    ...keyColumns(key),
  })
  await deleteStateEvents(trx, id)
  for (const each of new Set<RunState>(['CREATED', state])) await insertStateEvent(trx, id, each, at)
}

/**
 * Restarts a handed-over spare that does not answer from its image, because of `reason` (a sentence): no work of the user is in it yet. Returns false when
 * something else is wanted meanwhile. A recorded end of its machine does not prevent it.
 */
export async function beginAnew(db: Db, id: string, reason: string): Promise<boolean> {
  return transaction(db, async (trx) => {
    const run = await readRun(trx, id)
    const isOn = run.wanted === 'RUNNING' && run.state === 'RUNNING'
    if (run.purpose !== 'user' || (!isOn && run.failure?.code !== 'machine_ended')) return false
    await wantAllMachines(trx, id)
    const memory = { kind: 'borrowed-drives', stillMapped: mappedBy(run.memory) } as const
    await change(trx, run, { wanted: 'RUNNING', state: 'STARTING', failure: null, cold_reason: reason, memory })
    return true
  })
}

/** Writes a result of the reconciler. Returns true when it was written. */
async function decide(db: Db, id: string, whileWanted: WantedState, values: (run: Run) => RunValues): Promise<boolean> {
  return transaction(db, async (trx) => {
    const run = await findRun(trx, id)
    if (run?.wanted !== whileWanted) return false
    await change(trx, run, values(run))
    return true
  })
}

/** Writes facts that hold whatever is wanted of the run. */
async function changeAnyway(db: Db, id: string, values: (trx: Db, run: Run) => Promise<RunValues>): Promise<void> {
  await transaction(db, async (trx) => updateRun(trx, id, await values(trx, await readRun(trx, id))))
}

/** When its time begins and ends, with what is wanted of it. */
function sessionOf({ wanted, ...run }: Run, values: RunValues, at: string): RunValues {
  if (values.wanted === undefined || values.wanted === wanted) return {}
  const isOn = values.wanted === 'RUNNING'
  const max_play_minutes = values.max_play_minutes === undefined ? run.max_play_minutes : values.max_play_minutes
  return { session_at: isOn ? at : null, ends_at: isOn ? endOf(at, max_play_minutes) : null }
}

/** Updates the row, and adds a state event when the state changed. */
async function change(trx: Db, run: Run, values: RunValues): Promise<void> {
  const { state } = values
  const at = now()
  const isNew = state !== undefined && state !== run.state
  await updateRun(trx, run.id, {
    ...(state === undefined ? {} : memoryIn(state, values.memory ?? run.memory)),
    ...sessionOf(run, values, at),
    ...values,
    ...(isNew ? { last_state_at: at } : {}),
  })
  if (isNew) await insertStateEvent(trx, run.id, state, at, values.failure?.message)
}

/** Memory after a state was reached. Off: nothing is mapped. On: all guests know that they were resumed. */
function memoryIn(state: RunState, memory: RunMemory): RunValues {
  if (isOff(state)) return { memory: unmapped(memory) }
  return state === 'RUNNING' ? { memory: awake(memory), shutsDown: false, cold_reason: null } : {}
}
