import type { Host } from '@ramet/engine'
import { checkAllowance } from '@ramet/model/access/allowances.ts'
import { ownersFor } from '@ramet/model/access/can.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { notFound, unknownMachine } from '@ramet/model/errors/errors.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import type { Conditions } from '@ramet/model/plan/init-conditions.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { permittedPlayground } from '../access/membership.ts'
import { type MemoryRule, requireRuns } from '../admission/admission.ts'
import type { ImageService } from '../images/image-service.ts'
import { specOf } from '../playgrounds/bases.ts'
import { newId } from '../playgrounds/new-id.ts'
import type { Reconciler } from '../reconcile/reconciler.ts'
import type { StartRequest as Asked, Runs, User } from '../services.ts'
import { allowancesOf } from '../store/allowances.ts'
import { type Db, transaction } from '../store/database.ts'
import { countRunsByState, listRunPage } from '../store/play-lists.ts'
import { type Run, readRun } from '../store/runs.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { takeSavedTasks } from '../store/tasks.ts'
import { noted } from '../store/users.ts'
import { retryTask } from '../tasks/retry-task.ts'
import { taskDetails } from '../tasks/to-task.ts'
import { borrowDrives, borrowed } from '../warm-pool/borrowed.ts'
import { type HandedOver, handOver } from '../warm-pool/hand-over.ts'
import { warmOffer } from '../warm-pool/offer.ts'
import { requireConsent } from './consent.ts'
import { transitionMachine } from './machine.ts'
import { insertRun } from './new-run.ts'
import { destroyedReadableMs, permittedRun } from './permitted-run.ts'
import { type RunRequest, transition } from './run.ts'
import { imagesToBeginFrom, insertSavedDrives } from './saved-drives.ts'
import { startedBefore } from './start-key.ts'
import { type StartSpecTools, startSpec } from './start-spec.ts'
import { type PlayContext, toPlay, toPlays } from './to-play.ts'

export interface RunServiceTools {
  readonly db: Db
  readonly host: Host
  readonly reconciler: Reconciler
  readonly plays: PlayContext
  readonly memory: MemoryRule
  readonly specs: StartSpecTools
  readonly images: Pick<ImageService, 'whyNoStart'>
  /** The plan of a new run here (plan-run.ts). */
  planOf(spec: ManifestSpec, asked: Conditions): RunPlan
  readonly warm: {
    readonly isOn: boolean
    shapeNow(plan: RunPlan): Promise<string | undefined>
    /** Called when a start got a spare. */
    handedOver(spare: HandedOver): void
  }
  changed(runId: string): void
  /** Called when a run may have another end of its time. */
  lifetimesChanged(): void
}

/** Most rows that one query names, well below both stores' limit of statement parameters. */
const longestPage = 500

/** Serves runs of one user. Actions write what is wanted and return; the reconciler does the rest. */
export function runService({
  db,
  host,
  reconciler,
  plays,
  memory,
  specs,
  images,
  planOf,
  warm,
  changed,
  lifetimesChanged,
}: RunServiceTools): Runs {
  const permitted = permittedRun(db)

  /** Triggers the reconciler. A workflow under way ends at its next step. */
  async function turn(id: string): Promise<Play> {
    reconciler.worker(id).trigger({ supersede: true })
    changed(id)
    return show(id)
  }

  async function act(user: User, id: string, request: RunRequest): Promise<Play> {
    await permitted(user, request.action === 'destroy' ? 'run.destroy' : 'run.change', id)
    await told(user, id, (trx) => transition(trx, id, request))
    return turn(id)
  }

  /** Does it and tells the audit log, both or neither. */
  const told = (user: User, subject: string, doing: (trx: Db) => Promise<unknown>, detail?: string): Promise<void> =>
    transaction(db, async (trx) => {
      await doing(trx)
      await noted(user, trx, { subject, detail })
    })

  async function show(id: string): Promise<Play> {
    return toPlay(plays, await readRun(db, id))
  }

  function machineIndex(row: Run, name: string): number {
    const { machines } = row.plan
    const index = machines.findIndex((machine) => machine.name === name)
    if (index < 0)
      throw unknownMachine(
        name,
        machines.map((machine) => machine.name),
      )
    return index
  }

  const place = (row: Run, machine: string) => ({ runId: row.id, machine, index: machineIndex(row, machine) })

  return {
    async start(user, body) {
      // Whatever has become of the playground since.
      const before = await startedBefore(db, user.id, body.key)
      if (before !== undefined) return show(before)
      const playground = await permittedPlayground(db, user, 'playground.start', body.playground)
      await requireConsent(db, user, playground, body.consent)
      const { title, rerunInit, cold, lifetime, key } = body
      const { spec, changes } = await startSpec(specs, user, playground, body)
      const planned = { ...planOf(spec, body.conditions), ...(changes.length === 0 ? {} : { changes }) }
      const chosen = whyOfItsOwn(body, changes)
      const own = changes.length === 0 ? planned : planOf(specOf(playground), body.conditions)
      for (const name of await imagesToBeginFrom(db, playground.id, planned, own)) {
        const refusal = await images.whyNoStart(name)
        if (refusal) throw refusal
      }
      const asked = { title, rerunInit, cold, planned, own, chosen, memory, warm, lifetime, key }
      const { id, spare } = await insertRunOf(db, user, playground, asked)
      if (spare) warm.handedOver(spare)
      reconciler.worker(id).trigger()
      lifetimesChanged()
      changed(id)
      return show(id)
    },

    async list(user, { limit, cursor }) {
      const goneSince = new Date(Date.now() - destroyedReadableMs).toISOString()
      const all: Play[] = []
      for (let after = cursor; ; after = all.at(-1)?.id) {
        const size = Math.min(longestPage, (limit ?? Number.POSITIVE_INFINITY) - all.length)
        const rows = await listRunPage(db, { owners: listed(user), goneSince, limit: size, after })
        all.push(...(await toPlays(plays, rows)))
        if (rows.length < size || all.length === limit) return all
      }
    },

    countByState: (user) => countRunsByState(db, listed(user)),

    async get(user, id) {
      return toPlay(plays, await permitted(user, 'run.read', id))
    },

    stop: (user, id, { powerOff }) => act(user, id, { action: powerOff ? 'shut_down' : 'stop' }),

    async restart(user, id, { cold }) {
      const play = await act(user, id, { action: cold ? 'boot' : 'restart', memory })
      lifetimesChanged()
      return play
    },

    async machine(user, id, action, name) {
      machineIndex(await permitted(user, 'run.change', id), name)
      await told(user, id, (trx) => transitionMachine(trx, id, name, action), `${action} ${name}`)
      return turn(id)
    },

    async tasks(user, id, machines) {
      const row = await permitted(user, 'run.read', id)
      for (const name of machines) machineIndex(row, name)
      return (await taskDetails(db, row)).filter((task) => machines.length === 0 || machines.includes(task.machine))
    },

    async retryTask(user, id, task) {
      await permitted(user, 'run.change', id)
      await told(user, id, (trx) => retryTask(trx, id, task), `task.retry ${task}`)
      reconciler.worker(id).trigger()
      changed(id)
      return show(id)
    },

    async destroy(user, id) {
      // Asked for a second time, perhaps because the first answer was lost, it answers as the first.
      return act(user, id, { action: 'destroy' }).catch(async (error: unknown) => {
        if ((await permitted(user, 'run.destroy', id)).wanted === 'DESTROYED') return show(id)
        throw error
      })
    },

    async setLifetime(user, id, lifetime) {
      await permitted(user, lifetime.atEnd === 'destroy' ? 'run.destroy' : 'run.change', id)
      await told(user, id, (trx) => transition(trx, id, { action: 'set_lifetime', lifetime }), 'lifetime')
      lifetimesChanged()
      changed(id)
      return show(id)
    },

    async setTitle(user, id, title) {
      await permitted(user, 'run.change', id)
      await told(user, id, (trx) => transition(trx, id, { action: 'set_title', title }), 'title')
      changed(id)
      return show(id)
    },

    async consoles(user, id, machine) {
      return host.machines.consoleLogs(place(await permitted(user, 'run.read', id), machine))
    },

    async readConsole(user, id, machine, console) {
      const log = await host.machines.readConsoleLog(place(await permitted(user, 'run.read', id), machine), console)
      if (log === undefined) throw notFound('console', console)
      return log
    },
  }
}

/** Owners whose runs the user may see. Nobody sees the platform's own runs. */
const listed = (user: User): string[] => ownersFor(user, 'run.list').filter((owner) => owner !== null)

/** What is kept warm has the playground's own parts and the default values of its init conditions. */
function whyOfItsOwn({ conditions }: Pick<Asked, 'conditions'>, changes: readonly string[]): string | undefined {
  if (changes.length > 0) return 'It was started with changes of its own.'
  return Object.keys(conditions).length > 0 ? 'Values of its init conditions were chosen.' : undefined
}

interface StartRequest extends Pick<RunServiceTools, 'memory' | 'warm'>, Pick<Asked, 'lifetime' | 'key'> {
  readonly title: string | undefined
  readonly rerunInit: boolean
  readonly cold: boolean
  readonly planned: RunPlan
  /** Of the playground as it is. */
  readonly own: RunPlan
  /** Why what is kept warm of its playground is not what was asked for, as a sentence. */
  readonly chosen: string | undefined
}

/**
 * Creates a run in one transaction; nothing is on the host yet. Drives of a saved playground have rows, and so references to layers, from the beginning; so do those of a
 * playground that is kept warm.
 */
async function insertRunOf(
  db: Db,
  user: User,
  playground: PlaygroundRow,
  { title, rerunInit, cold, planned, own, chosen, memory, warm, lifetime, key }: StartRequest,
): Promise<{ readonly id: string; readonly spare?: HandedOver }> {
  const plan: RunPlan = { ...planned, ...(rerunInit ? { rerunInit: newId() } : {}) }
  // Before the transaction, which may only use the store.
  const mayBeWarm = playground.owner_id === null && warm.isOn && !cold && !rerunInit && !chosen
  const shape = mayBeWarm ? await warm.shapeNow(planned) : undefined
  return transaction(db, async (trx) => {
    const before = await startedBefore(trx, user.id, key)
    if (before !== undefined) return { id: before }
    await requireRuns(trx, memory, user.id, 1)
    if (lifetime.minutes !== null) checkAllowance(await allowancesOf(trx, user.id), 'lifetime', lifetime.minutes)
    const offer = chosen
      ? { coldReason: chosen }
      : await warmOffer(trx, playground, { shape, isOn: warm.isOn, cold: cold || rerunInit })
    // Take a spare if there is one: then little or nothing is left to do.
    const spare =
      'snapshotId' in offer
        ? await handOver(trx, {
            playground,
            snapshotId: offer.snapshotId,
            plan,
            ownerId: user.id,
            title,
            memory,
            lifetime,
            key,
          })
        : undefined
    const about = { detail: `of ${playground.name}` }
    if (spare) {
      await noted(user, trx, { subject: spare.id, ...about })
      return { id: spare.id, spare }
    }
    const id = await insertRun(trx, {
      owner_id: user.id,
      playground_id: playground.id,
      playground_name: playground.name,
      playground_title: playground.title,
      plan,
      title,
      clonedFrom: null,
      start: true,
      memory,
      lifetime,
      key,
      coldReason: 'coldReason' in offer ? offer.coldReason : undefined,
      resumes: 'snapshotId' in offer ? await borrowed(trx, offer.snapshotId) : undefined,
    })
    if ('snapshotId' in offer) await borrowDrives(trx, id, plan, offer.snapshotId)
    else await insertSavedDrives(trx, id, playground.id, plan, own)
    if (!rerunInit) await takeSavedTasks(trx, playground.id, id)
    await noted(user, trx, { subject: id, ...about })
    return { id }
  })
}
