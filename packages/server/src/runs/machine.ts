import type { Condition } from '@ramet/model/api/wire.ts'
import { machineActionRefused, unknownMachine } from '@ramet/model/errors/errors.ts'
import { type MachineAction, type MachineState, machineRefusal, type WantedMachineState } from '@ramet/model/run/run-state.ts'
import { type Db, now, transaction } from '../store/database.ts'
import { conditionsOf, findMachine, listMachines, readyCondition, updateMachine } from '../store/run-machines.ts'
import { readRun } from '../store/runs.ts'
import type { RunMachineRow } from '../store/schema.ts'

/** Owns the rows of a run's machines: nothing else changes them. As in `run.ts`, each function decides and writes in one transaction. */

/** What an action on one machine writes; the reconciler does the rest. */
const requested = {
  'machine.stop': { wanted: 'STOPPED', state: 'STOPPING' },
  'machine.restart': { wanted: 'RUNNING', state: 'STARTING' },
  'machine.reboot': { wanted: 'REBOOTED', state: 'REBOOTING' },
} as const satisfies Record<MachineAction, MachineNote>

/** Applies an action to one machine. Throws `action_refused` when the action table does not allow it now. */
export async function transitionMachine(db: Db, runId: string, name: string, action: MachineAction): Promise<void> {
  await transaction(db, async (trx) => {
    const run = await readRun(trx, runId)
    const machine = await findMachine(trx, runId, name)
    if (!machine)
      throw unknownMachine(
        name,
        run.plan.machines.map((each) => each.name),
      )
    const otherwise = machineRefusal(action, run.state, machine.state)
    if (otherwise !== undefined)
      throw machineActionRefused(action.slice('machine.'.length), name, run.state, machine.state, otherwise)
    await write(trx, machine, requested[action])
  })
}

export interface MachineNote {
  readonly state: MachineState
  readonly isReady?: boolean
  /** Why it is so, as a sentence. */
  readonly message?: string | undefined
  readonly wanted?: WantedMachineState
  /** Write only if the machine is in one of these states. */
  readonly from?: readonly MachineState[]
  /** Write only while the run is RUNNING: what was seen of a machine does not concern a run that has begun anew since. */
  readonly whileRunning?: true
  /** Write only if this is wanted of the machine. */
  readonly whileWanted?: WantedMachineState
}

/** Records the state of a machine. Returns false and writes nothing when the note's conditions do not hold. */
export async function noteMachine(db: Db, runId: string, name: string, note: MachineNote): Promise<boolean> {
  return transaction(db, async (trx) => {
    if (note.whileRunning && (await readRun(trx, runId)).state !== 'RUNNING') return false
    const machine = await findMachine(trx, runId, name)
    if (!machine || (note.from && !note.from.includes(machine.state))) return false
    if (note.whileWanted !== undefined && note.whileWanted !== machine.wanted) return false
    await write(trx, machine, note)
    return true
  })
}

async function write(trx: Db, row: RunMachineRow, { state, isReady = false, message, wanted }: MachineNote): Promise<void> {
  const before = readyCondition(row)
  const status = isReady ? 'True' : 'False'
  const isSame = row.state === state && before?.status === status && before.message === message
  if (isSame && (wanted === undefined || wanted === row.wanted)) return
  const ready: Condition = {
    name: 'Ready',
    status,
    lastTransitionAt: before?.status === status ? before.lastTransitionAt : now(),
    ...(message === undefined ? {} : { message }),
  }
  // The boot to end belongs to one reboot request.
  const request = wanted === undefined ? {} : { wanted, left_boot: null }
  // What a boot could not do holds until the machine goes off or boots anew.
  const others = state === 'RUNNING' ? conditionsOf(row).filter(({ name }) => name !== ready.name) : []
  await updateMachine(trx, row.run_id, row.name, { state, conditions: [ready, ...others], ...request })
}

/** Condition of a machine whose boot could not do all that it was to do. */
const bootComplete = 'BootComplete'

/** Records what the boot of a machine could not do and left alone, as a condition of its own. Returns false when that is known. */
export async function noteTroubles(db: Db, runId: string, name: string, troubles: readonly string[]): Promise<boolean> {
  return transaction(db, async (trx) => {
    const row = await findMachine(trx, runId, name)
    if (!row) return false
    const conditions = conditionsOf(row)
    const before = conditions.find((each) => each.name === bootComplete)
    const message = troubles.join(' ') || undefined
    if (before?.message === message) return false
    const others = conditions.filter((each) => each.name !== bootComplete)
    const found: Condition[] =
      message === undefined ? [] : [{ name: bootComplete, status: 'False', lastTransitionAt: now(), message }]
    await updateMachine(trx, runId, name, { conditions: [...others, ...found] })
    return true
  })
}

/** Makes all machines wanted on, whatever was wanted of each. */
export const wantAllMachines = (trx: Db, runId: string) =>
  updateMachine(trx, runId, undefined, { wanted: 'RUNNING', left_boot: null })

/** Makes exactly these machines wanted on. */
export async function wantMachines(trx: Db, runId: string, on: readonly string[]): Promise<void> {
  for (const { name } of await listMachines(trx, runId))
    await updateMachine(trx, runId, name, { wanted: on.includes(name) ? 'RUNNING' : 'STOPPED', left_boot: null })
}

/** Saves the kernel boot id of the boot that a reboot must end. */
export const saveLeftBoot = (db: Db, runId: string, name: string, boot: string) =>
  updateMachine(db, runId, name, { left_boot: boot })
