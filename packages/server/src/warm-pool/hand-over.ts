import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { type MemoryRule, requireMemory } from '../admission/admission.ts'
import { withinLifetime } from '../admission/allowances.ts'
import type { Lifetime } from '../runs/lifetime.ts'
import { giveTo } from '../runs/run.ts'
import type { StartKey } from '../runs/start-key.ts'
import type { Db } from '../store/database.ts'
import { listMachines, readyCondition } from '../store/run-machines.ts'
import { listSparesFor, type Run } from '../store/runs.ts'
import type { PlaygroundRow } from '../store/schema.ts'

export interface HandOver {
  readonly playground: PlaygroundRow
  /** The plan that the spare must have been made of. */
  readonly snapshotId: string
  readonly plan: RunPlan
  readonly ownerId: string
  readonly title: string | undefined
  readonly memory: MemoryRule
  readonly lifetime: Lifetime
  readonly key: StartKey | undefined
}

export interface HandedOver {
  readonly id: string
  /** False: it is still starting. */
  readonly isReady: boolean
}

/**
 * Hands a spare to a user; undefined when there is none. Prefers a ready one over one that is still starting, which has done part of what a new start
 * would do. It works in the caller's transaction alone and asks no guest: `verify` does so afterwards. Throws `not_enough_memory`.
 */
export async function handOver(trx: Db, request: HandOver): Promise<HandedOver | undefined> {
  const { playground, snapshotId, plan, ownerId, title, memory, lifetime, key } = request
  const spares = await listSparesFor(trx, { playgroundId: playground.id, snapshotId, plan })
  const ready = await firstReady(trx, spares)
  const spare = ready ?? spares.find(({ state }) => state !== 'RUNNING')
  if (!spare) return undefined
  const allowances = await requireMemory(trx, memory, { owner_id: ownerId, plan })
  const reason = ready ? `${spare.start_reason ?? ''} One run of it was ready.`.trim() : spare.start_reason
  const bounded = { ...lifetime, minutes: withinLifetime(lifetime.minutes, allowances) }
  await giveTo(trx, spare.id, { ownerId, playground, title, reason, lifetime: bounded, key })
  return { id: spare.id, isReady: ready !== undefined }
}

async function firstReady(trx: Db, spares: readonly Run[]): Promise<Run | undefined> {
  for (const spare of spares) {
    if (spare.state !== 'RUNNING') continue
    const machines = await listMachines(trx, spare.id)
    if (machines.every((machine) => machine.state === 'RUNNING' && readyCondition(machine)?.status === 'True')) return spare
  }
  return undefined
}
