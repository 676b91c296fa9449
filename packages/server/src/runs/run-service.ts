import type { Host } from '@ramet/engine'
import type { Play } from '@ramet/model/api/wire.ts'
import { actionRefused, machineActionRefused, notFound, unknownMachine } from '@ramet/model/errors/errors.ts'
import { makeRunPlan } from '@ramet/model/plan/make-run-plan.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { type Action, type MachineAction, machineActions, machineRefusal, refusal } from '@ramet/model/run/run-state.ts'
import type { Kysely } from 'kysely'
import { permitPlayground, permitRun } from '../access/permit.ts'
import { type MemoryRule, requireMemory } from '../admission/admission.ts'
import { specOf } from '../playgrounds/catalog.ts'
import { newId } from '../playgrounds/new-id.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import type { Runs, User } from '../services.ts'
import { type Db, transaction } from '../store/database.ts'
import { findPlayground } from '../store/playgrounds.ts'
import type { Database, PlaygroundRow, RunRow } from '../store/schema.ts'
import { takeSavedTasks } from '../store/tasks.ts'
import { taskDetails } from '../tasks/to-task.ts'
import { borrow } from '../warm-pool/borrowed.ts'
import { warmOffer } from '../warm-pool/offer.ts'
import { handOver, sparesThatAnswer } from '../warm-pool/spare.ts'
import { insertRun } from './new-run.ts'
import { changeMachine, changeRun, findMachine, findRun, type MachineChange, readRun } from './run-rows.ts'
import { insertSavedDrives } from './saved-drives.ts'
import { type PlayContext, toPlay } from './to-play.ts'

export interface RunServiceTools {
  readonly db: Kysely<Database>
  readonly host: Host
  readonly reconciler: Reconciler
  readonly plays: PlayContext
  readonly memory: MemoryRule
  readonly warm: { readonly isOn: boolean; shapeNow(plan: RunPlan): Promise<string | undefined> }
  changed(runId: string): void
}

/** A destroyed run can still be read for this long: labctl polls until it sees DESTROYED and takes a 404 for an error. */
export const destroyedReadableMs = 10 * 60_000

/** What is written when an action on one machine is taken; the reconciler does the rest. */
const machineRequests = {
  'machine.stop': { wanted: 'STOPPED', state: 'STOPPING' },
  'machine.restart': { wanted: 'RUNNING', state: 'STARTING' },
  'machine.reboot': { wanted: 'REBOOTED', state: 'REBOOTING' },
} as const satisfies Record<MachineAction, MachineChange>

/** Runs of one user. Actions write what is wanted and return; the reconciler does the rest. */
export function runService({
  db,
  host,
  reconciler,
  plays,
  memory,
  warm,
  changed,
}: RunServiceTools): Runs & { own(user: User, id: string): Promise<RunRow> } {
  async function own(user: User, id: string): Promise<RunRow> {
    const row = await findRun(db, id)
    const isReadable = row && (row.state !== 'DESTROYED' || Date.now() - Date.parse(row.last_state_at) < destroyedReadableMs)
    return permitRun(user, 'run.read', isReadable ? row : undefined, id)
  }

  async function allowed(user: User, id: string, action: Action): Promise<RunRow> {
    const row = await own(user, id)
    const otherwise = refusal(action, row.state)
    if (otherwise) throw actionRefused(action.replace('_', ' '), row.state, otherwise)
    return row
  }

  async function want(id: string, change: Parameters<typeof changeRun>[2]): Promise<Play> {
    await changeRun(db, id, change)
    reconciler.worker(id).trigger({ supersede: true })
    changed(id)
    return show(id)
  }

  async function show(id: string): Promise<Play> {
    const row = await findRun(db, id)
    if (!row) throw notFound('run', id)
    return toPlay(plays, row)
  }

  function machineIndex(row: RunRow, name: string): number {
    const { machines } = JSON.parse(row.plan) as RunPlan
    const index = machines.findIndex((machine) => machine.name === name)
    if (index < 0)
      throw unknownMachine(
        name,
        machines.map((machine) => machine.name),
      )
    return index
  }

  const place = (row: RunRow, machine: string) => ({ runId: row.id, machine, index: machineIndex(row, machine) })

  return {
    own,

    async start(user, body) {
      const playground = permitPlayground(user, 'playground.start', await findPlayground(db, body.playground), body.playground)
      const { title, rerunInit, cold } = body
      const id = await insertRunOf(db, user, playground, { title, rerunInit, cold, memory, warm, reconciler })
      reconciler.worker(id).trigger()
      changed(id)
      return show(id)
    },

    async list(user) {
      const oldest = new Date(Date.now() - destroyedReadableMs).toISOString()
      const rows = await db
        .selectFrom('runs')
        .selectAll()
        .where('owner_id', '=', user.id)
        .where('purpose', '=', 'user')
        .where((where) => where.or([where('state', '!=', 'DESTROYED'), where('last_state_at', '>', oldest)]))
        .orderBy('created_at', 'desc')
        .execute()
      return Promise.all(rows.map((row) => toPlay(plays, row)))
    },

    async get(user, id) {
      return toPlay(plays, await own(user, id))
    },

    async stop(user, id, { powerOff }) {
      await allowed(user, id, powerOff ? 'shut_down' : 'stop')
      const coldReason = powerOff ? 'It had been shut down.' : null
      return want(id, { wanted: 'STOPPED', state: 'STOPPING', failure: null, powerOff, coldReason })
    },

    async restart(user, id, { cold }) {
      await allowed(user, id, cold ? 'boot' : 'restart')
      await transaction(db, async (trx) => {
        const row = await readRun(trx, id)
        // Somebody was faster: it is counted already.
        if (refusal('restart', row.state)) return
        await requireMemory(trx, memory, row)
        const isResumed = row.resume_from !== null && !cold
        const boot = cold ? { boots: true, coldReason: 'A boot was asked for.' } : {}
        // Machines that were off when the memory was kept stay off.
        await changeRun(trx, id, { wanted: 'RUNNING', state: 'STARTING', failure: null, allMachines: !isResumed, ...boot })
      })
      return want(id, {})
    },

    async machine(user, id, action, name) {
      const row = await own(user, id)
      machineIndex(row, name)
      const found = await findMachine(db, id, name)
      const verb = action.slice('machine.'.length)
      const otherwise = found && machineRefusal(action, row.state, found.state)
      if (otherwise) throw machineActionRefused(verb, name, row.state, found.state, otherwise)
      const { from } = machineActions[action]
      const isAsked = await changeMachine(db, id, name, { ...machineRequests[action], ifState: from })
      if (!isAsked) throw machineActionRefused(verb, name, row.state, 'on its way elsewhere', 'Try again in a moment.')
      reconciler.worker(id).trigger({ supersede: true })
      changed(id)
      return show(id)
    },

    async tasks(user, id, machines) {
      const row = await own(user, id)
      for (const name of machines) machineIndex(row, name)
      return (await taskDetails(db, row)).filter((task) => machines.length === 0 || machines.includes(task.machine))
    },

    async destroy(user, id) {
      await allowed(user, id, 'destroy')
      return want(id, { wanted: 'DESTROYED', state: 'DESTROYING' })
    },

    async setTitle(user, id, title) {
      await allowed(user, id, 'set_title')
      await changeRun(db, id, { title })
      changed(id)
      return show(id)
    },

    async consoles(user, id, machine) {
      return host.machines.consoleLogs(place(await own(user, id), machine))
    },

    async readConsole(user, id, machine, console) {
      const log = await host.machines.readConsoleLog(place(await own(user, id), machine), console)
      if (log === undefined) throw notFound('console', console)
      return log
    },
  }
}

interface StartRequest extends Pick<RunServiceTools, 'memory' | 'warm' | 'reconciler'> {
  readonly title: string | undefined
  readonly rerunInit: boolean
  readonly cold: boolean
}

/**
 * In one transaction; nothing on the host yet. Drives of a saved playground have their rows, and with them their hold on layers, from the beginning; so do those of a
 * playground that is kept warm.
 */
async function insertRunOf(
  db: Db,
  user: User,
  playground: PlaygroundRow,
  { title, rerunInit, cold, memory, warm, reconciler }: StartRequest,
): Promise<string> {
  const made = makeRunPlan(specOf(playground))
  const plan: RunPlan = { ...made, ...(rerunInit ? { rerunInit: newId() } : {}) }
  // Before the transaction, in which nothing else may be asked.
  const shape = playground.owner_id === null ? await warm.shapeNow(made) : undefined
  const isWarmWanted = shape !== undefined && warm.isOn && !cold && !rerunInit
  const spares = isWarmWanted ? await sparesThatAnswer(db, reconciler, playground.id) : []
  return transaction(db, async (trx) => {
    const offer = await warmOffer(trx, playground, { shape, isOn: warm.isOn, cold: cold || rerunInit })
    // One that was started ahead, if there is: nothing else is left to be done.
    const ready =
      'snapshotId' in offer
        ? await handOver(trx, {
            spares,
            playground,
            snapshotId: offer.snapshotId,
            plan: JSON.stringify(plan),
            ownerId: user.id,
            title,
            memory,
          })
        : undefined
    if (ready !== undefined) return ready
    const id = await insertRun(trx, {
      owner_id: user.id,
      playground_id: playground.id,
      playground_name: playground.name,
      playground_title: playground.title,
      plan: JSON.stringify(plan),
      title,
      clonedFrom: null,
      start: true,
      memory,
      coldReason: 'coldReason' in offer ? offer.coldReason : undefined,
    })
    if ('snapshotId' in offer) await borrow(trx, id, plan, offer.snapshotId)
    else await insertSavedDrives(trx, id, playground.id, plan)
    if (!rerunInit) await takeSavedTasks(trx, playground.id, id)
    return id
  })
}
