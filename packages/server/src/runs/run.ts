import type { Failure } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { isOff, type RunState, type WantedState } from '@ramet/model/run/run-state.ts'
import { defaultRunTitle } from '@ramet/model/run/run-title.ts'
import { type MemoryRule, requireMemory } from '../admission/admission.ts'
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
import { wantAllMachines, wantMachines } from './machine.ts'

/**
 * The owner of runs: nothing else changes their rows. Each function decides by what it reads in the transaction that writes, so that simultaneous ones have an order.
 * What somebody asks for goes through the action table (`transition`); what the reconciler has reached is written only while the same is wanted still. A run that is to be
 * destroyed goes nowhere else.
 */

/** What a run's owner asks for. `memory`: by which a run is admitted that is to be on. */
export type RunRequest =
  | { readonly action: 'stop' | 'shut_down' | 'destroy' }
  | { readonly action: 'restart' | 'boot'; readonly memory: MemoryRule }
  | { readonly action: 'set_title'; readonly title: string }

/** Throws `action_refused` when the action table does not allow it now, `not_enough_memory`. */
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
      await requireMemory(trx, request.memory, run)
      const boots = request.action === 'boot'
      // Machines that were off when the memory was kept stay off.
      if (boots || snapshotOf(run.memory) === undefined) await wantAllMachines(trx, run.id)
      return change(trx, run, {
        wanted: 'RUNNING',
        state: 'STARTING',
        failure: null,
        ...(boots ? { memory: withoutResume(run.memory), cold_reason: 'A boot was asked for.' } : {}),
      })
    }
    case 'destroy':
      return change(trx, run, { wanted: 'DESTROYED', state: 'DESTROYING' })
    case 'set_title':
      return change(trx, run, { title: request.title })
  }
}

/** The run has come to `state`. False, and nothing is written, when something else is wanted meanwhile. */
export async function advance(
  db: Db,
  id: string,
  whileWanted: WantedState,
  state: RunState,
  { failure }: { readonly failure?: Failure | null } = {},
): Promise<boolean> {
  return decide(db, id, whileWanted, () => ({ state, ...(failure === undefined ? {} : { failure }) }))
}

/** A machine of it ended, which was seen while it was RUNNING: it may have begun anew since. */
export const failRunning = (db: Db, id: string, failure: Failure) =>
  decide(db, id, 'RUNNING', ({ state }) => (state === 'RUNNING' ? { wanted: 'STOPPED', state: 'STOPPING', failure } : {}))

/** It is wanted off because of `failure`; what it holds is released next, and then it is FAILED. */
export const failRun = (db: Db, id: string, failure: Failure) =>
  decide(db, id, 'RUNNING', () => ({ wanted: 'STOPPED', state: 'STOPPING', failure }))

/** Its last machine went off by itself, so it does. */
export const followMachinesOff = (db: Db, id: string) =>
  decide(db, id, 'RUNNING', ({ state }) => (state === 'RUNNING' ? { wanted: 'STOPPED', state: 'STOPPING' } : {}))

/** After a reboot of the host: nobody is to blame for the end of its machines, and it is started again. */
export const startAfterReboot = (db: Db, id: string) =>
  decide(db, id, 'RUNNING', ({ state }) =>
    state === 'RUNNING' ? { state: 'STARTING', cold_reason: 'The host had been switched off.' } : {},
  )

/** Nothing of it is left on the host. */
export const noteDestroyed = (db: Db, id: string) => decide(db, id, 'DESTROYED', () => ({ state: 'DESTROYED', failure: null }))

/** Its plan cannot be read, as `readRun` says: it is written down, so that it is FAILED where rows are only counted, too. */
export const noteUnreadable = (db: Db, { id, state, failure }: Run) =>
  transaction(db, async (trx) => {
    await updateRun(trx, id, { wanted: 'STOPPED', state, failure: failure ?? null, last_state_at: now() })
    await insertStateEvent(trx, id, state, now(), failure?.message)
  })

/** Before a boot: its start is a cold one, and what its machines had mapped is gone with them. */
export async function noteColdStart(db: Db, id: string): Promise<void> {
  await changeAnyway(db, id, async (trx, run) => ({
    start_kind: 'cold',
    start_reason:
      run.cold_reason ?? ((await wasUp(trx, id)) ? 'Its memory had not been kept.' : 'It was started for the first time.'),
    epoch: null,
    memory: unmapped(run.memory),
  }))
}

/** In the transaction that seals its drives: its next start resumes the snapshot, with just these machines on. */
export async function keepMemory(trx: Db, id: string, snapshotId: string, on: readonly string[]): Promise<void> {
  const { memory } = await readRun(trx, id)
  const kept = { kind: 'kept', snapshotId, isBorrowed: false, stillMapped: mappedBy(memory) } as const
  await updateRun(trx, id, { memory: kept, cold_reason: null })
  await wantMachines(trx, id, on)
}

/**
 * The run is about to go on from its snapshot, before the first CPU does: it will never do so again, and its machines have its memory mapped. `reason`: whose memory of
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

/** Its next start boots because of `reason`, a sentence; so does what comes after a stop that keeps no memory. */
export const bootNext = (db: Db, id: string, reason: string) =>
  changeAnyway(db, id, async (_, { memory }) => ({ memory: withoutResume(memory), shutsDown: true, cold_reason: reason }))

/** Snapshots that were lost with the host's power are resumed by nobody. */
export async function forgetLostMemory(db: Db, lost: readonly string[]): Promise<void> {
  await transaction(db, async (trx) => {
    for (const { id, memory } of await listResumersOf(trx, lost))
      await updateRun(trx, id, {
        memory: withoutResume(memory),
        cold_reason: 'The host was switched off before its memory was on the disk.',
      })
  })
}

/** Its guests have an identity of their own: nothing of it is a throwaway run's any more. */
export const noteIdentity = (db: Db, id: string) =>
  changeAnyway(db, id, async (_, { memory }) => ({
    memory: memory.kind === 'resuming' ? { ...memory, isBorrowed: false } : memory,
  }))

/** All its machines are off: none has a snapshot's memory mapped. */
export const noteUnmapped = (db: Db, id: string) => changeAnyway(db, id, async (_, { memory }) => ({ memory: unmapped(memory) }))

/** It neither has nor holds memory; in the transaction that gives up its drives, or what it borrowed. */
export const dropMemory = (trx: Db, id: string) => updateRun(trx, id, { memory: { kind: 'none' } })

/** The /28 that it holds now or held last. */
export const saveLease = (db: Db, id: string, lease: string) => updateRun(db, id, { lease })

export interface NewOwner {
  readonly ownerId: string
  readonly playground: Pick<PlaygroundRow, 'name' | 'title'>
  readonly title: string | undefined
  /** Why it started as it did, or will. */
  readonly reason: string | null
}

/** A run of the platform's becomes a user's, and is as if it had been made now: what was before is nobody's business. In a transaction. */
export async function giveTo(trx: Db, id: string, { ownerId, playground, title, reason }: NewOwner): Promise<void> {
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
  })
  await deleteStateEvents(trx, id)
  for (const each of new Set<RunState>(['CREATED', state])) await insertStateEvent(trx, id, each, at)
}

/**
 * A run that was made ahead is of no use to the user whose it became: nothing of theirs is in it, and it begins from its image, because of `reason` (a sentence). False:
 * something else is wanted of it meanwhile. That its machine was seen to end is no obstacle.
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

/** What the reconciler writes about its own doing. True when it was written. */
async function decide(db: Db, id: string, whileWanted: WantedState, values: (run: Run) => RunValues): Promise<boolean> {
  return transaction(db, async (trx) => {
    const run = await findRun(trx, id)
    if (run?.wanted !== whileWanted) return false
    await change(trx, run, values(run))
    return true
  })
}

/** What is so whatever is wanted of the run. */
async function changeAnyway(db: Db, id: string, values: (trx: Db, run: Run) => Promise<RunValues>): Promise<void> {
  await transaction(db, async (trx) => updateRun(trx, id, await values(trx, await readRun(trx, id))))
}

/** The row, and a state event when the state is another one. */
async function change(trx: Db, run: Run, values: RunValues): Promise<void> {
  const { state } = values
  const at = now()
  const isNew = state !== undefined && state !== run.state
  await updateRun(trx, run.id, {
    ...(state === undefined ? {} : memoryIn(state, values.memory ?? run.memory)),
    ...values,
    ...(isNew ? { last_state_at: at } : {}),
  })
  if (isNew) await insertStateEvent(trx, run.id, state, at, values.failure?.message)
}

/** Off: nothing has memory mapped. On: all machines know that they were resumed, and what led there is over. */
function memoryIn(state: RunState, memory: RunMemory): RunValues {
  if (isOff(state)) return { memory: unmapped(memory) }
  return state === 'RUNNING' ? { memory: awake(memory), shutsDown: false, cold_reason: null } : {}
}
