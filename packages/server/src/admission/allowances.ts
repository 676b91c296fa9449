import { type AllowanceName, type Allowances, allowanceNames, checkAllowance } from '@ramet/model/access/allowances.ts'
import type { UsedAllowance } from '@ramet/model/api/usage.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { allowancesOf, countStarts, insertStart } from '../store/allowances.ts'
import type { Db } from '../store/database.ts'
import { countPublished } from '../store/published-ports.ts'
import { countPlansWithMemory, type PromisedPlans } from '../store/runs.ts'

interface PlanBytes {
  /** Memory that a run of this plan may need. */
  bytesOf(plan: RunPlan): number
}

type On = Readonly<Record<'running' | 'cpus' | 'memory', number>>

/** What runs that are on have together. Pure. */
export function sumOf(plans: readonly Pick<PromisedPlans, 'plan' | 'count'>[], { bytesOf }: PlanBytes): On {
  const sum = (of: (each: (typeof plans)[number]) => number) => plans.reduce((all, each) => all + each.count * of(each), 0)
  return {
    running: sum(() => 1),
    cpus: sum(({ plan }) => plan.machines.reduce((all, { cpuCount }) => all + cpuCount, 0)),
    memory: sum(({ plan }) => bytesOf(plan)),
  }
}

/**
 * Throws `limit_reached` when a user may not have one more run of this plan on. In the transaction that switches it on: of two at once the second sees the first. `own`: plans of his runs
 * that are on. Returns what holds for him.
 */
export async function requireAllowances(
  trx: Db,
  rule: PlanBytes,
  { owner_id, plan }: Pick<PromisedPlans, 'owner_id' | 'plan'>,
  own: readonly PromisedPlans[],
): Promise<Allowances> {
  const allowances = await allowancesOf(trx, owner_id)
  if (Object.keys(allowances).length === 0) return allowances
  const would = sumOf([...own, { plan, count: 1 }], rule)
  for (const name of ['running', 'cpus', 'memory'] as const) checkAllowance(allowances, name, would[name])
  if (allowances.starts !== undefined) {
    checkAllowance(allowances, 'starts', (await countStarts(trx, owner_id)) + 1)
    await insertStart(trx, owner_id)
  }
  return allowances
}

/** Throws `limit_reached` when so many more published ports are not allowed. */
export async function requirePorts(trx: Db, ownerId: string, more: number): Promise<void> {
  const allowances = await allowancesOf(trx, ownerId)
  if (allowances.ports !== undefined) checkAllowance(allowances, 'ports', (await countPublished(trx, ownerId)) + more)
}

/** A run without an end is on as long as its user may have it on; one that exists already is brought down to that. */
export const withinLifetime = (minutes: number | null, { lifetime }: Allowances): number | null =>
  lifetime === undefined ? minutes : Math.min(minutes ?? lifetime, lifetime)

/** What is set for a user, and how much of it he has. */
export async function usedAllowances(trx: Db, rule: PlanBytes, userId: string, storageBytes: number): Promise<UsedAllowance[]> {
  const allowances = await allowancesOf(trx, userId)
  const set = allowanceNames.filter((name) => allowances[name] !== undefined)
  if (set.length === 0) return []
  const plans = (await countPlansWithMemory(trx, 'user')).filter(({ owner_id }) => owner_id === userId)
  const used: Partial<Record<AllowanceName, number>> = {
    ...sumOf(plans, rule),
    storage: storageBytes,
    ports: await countPublished(trx, userId),
    starts: await countStarts(trx, userId),
  }
  return set.map((name) => ({ name, most: allowances[name] ?? 0, ...(used[name] === undefined ? {} : { used: used[name] }) }))
}
