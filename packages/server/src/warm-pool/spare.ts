import type { Host } from '@ramet/engine'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { type MemoryRule, requireMemory } from '../admission/admission.ts'
import { giveTo } from '../runs/run.ts'
import { type Db, transaction } from '../store/database.ts'
import { listMachines, readyCondition } from '../store/run-machines.ts'
import { listSparesFor, type Run } from '../store/runs.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { isSpare, listThrowaways } from '../store/warm-starts.ts'
import { borrowDrives, borrowed } from './borrowed.ts'
import { insertThrowaway, reached } from './throwaway.ts'
import type { WarmStartsTools, WarmTarget } from './warm-starts.ts'

const upWithinMs = 180_000
/** One that is slower is of no use: a start from the snapshot takes a second. */
const answersWithinMs = 1_000

/** As RAMET_CRASH_AFTER takes them; in between are those of every resume. */
export const spareSteps: readonly string[] = ['spare/write-rows', 'spare/reach']

/**
 * Starts a run of the playground before anybody asks: from the snapshot that keeps it warm, with an identity of its own, up to its first command. It stays a throwaway
 * run until it is handed over. Returns its id. Whatever fails, the caller destroys it. Throws `not_enough_memory`.
 */
export async function makeSpare(
  tools: WarmStartsTools,
  request: Pick<WarmTarget, 'playground' | 'plan'>,
  snapshotId: string,
  signal: AbortSignal,
): Promise<string> {
  const { db, reconciler, afterStep } = tools
  const id = await transaction(db, async (trx) => {
    const made = await insertThrowaway(trx, tools, request, 'ready to be used', await borrowed(trx, snapshotId))
    await borrowDrives(trx, made, request.plan, snapshotId)
    return made
  })
  afterStep('spare/write-rows')
  reconciler.worker(id).trigger()
  const inTime = AbortSignal.any([signal, AbortSignal.timeout(upWithinMs)])
  // It may be a user's the moment that it is RUNNING.
  const isUp = ({ state, purpose }: Run) => state === 'RUNNING' || purpose === 'user'
  const { start_kind, start_reason } = await reached(db, id, isUp, inTime)
  if (start_kind !== 'warm') throw new Error(start_reason ?? 'it did not begin warm')
  afterStep('spare/reach')
  return id
}

/** Those that stand by for the playground and whose machines run a command now: what the rows say may be a moment old. */
export async function sparesThatAnswer(db: Db, host: Host, playgroundId: string): Promise<string[]> {
  const spares = (await listThrowaways(db)).filter((row) => row.playground_id === playgroundId && isSpare(row) !== undefined)
  const answers = async (id: string) => {
    const machines = host.on(id)
    if (machines.length < (await listMachines(db, id)).length) throw new Error('not all of its machines are on')
    const answered = machines.map(({ machine }) => host.machines.answers({ runId: id, machine }, answersWithinMs))
    if (!(await Promise.all(answered)).every(Boolean)) throw new Error('a machine does not answer')
    return id
  }
  const asked = await Promise.allSettled(spares.map(({ id }) => answers(id)))
  return asked.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
}

export interface HandOver {
  /** Of `sparesThatAnswer`. */
  readonly spares: readonly string[]

  readonly playground: PlaygroundRow
  /** That the run must have been made of. */
  readonly snapshotId: string
  readonly plan: RunPlan
  readonly ownerId: string
  readonly title: string | undefined
  readonly memory: MemoryRule
}

/**
 * A run that stands by becomes a user's: its id; undefined when there is none whose machines are all ready. In the caller's transaction, which is all that a start
 * takes then. Throws `not_enough_memory`.
 */
export async function handOver(
  trx: Db,
  { spares, playground, snapshotId, plan, ownerId, title, memory }: HandOver,
): Promise<string | undefined> {
  if (spares.length === 0) return undefined
  const ready = await listSparesFor(trx, { playgroundId: playground.id, snapshotId, plan })
  for (const { id, start_reason } of ready.filter((run) => spares.includes(run.id))) {
    const machines = await listMachines(trx, id)
    if (!machines.every((machine) => machine.state === 'RUNNING' && readyCondition(machine)?.status === 'True')) continue
    await requireMemory(trx, memory, { owner_id: ownerId, plan })
    await giveTo(trx, id, { ownerId, playground, title, reason: `${start_reason ?? ''} One run of it was ready.`.trim() })
    return id
  }
  return undefined
}
