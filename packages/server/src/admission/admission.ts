import { totalmem } from 'node:os'
import type { Allowances } from '@ramet/model/access/allowances.ts'
import { defaultLimits, type Limits, limitReached } from '@ramet/model/access/limits.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import { notEnoughMemory } from '@ramet/model/errors/errors.ts'
import type { RunPlan } from '@ramet/model/plan/run-plan.ts'
import { formatBytes } from '@ramet/model/units/bytes.ts'
import type { Db } from '../store/database.ts'
import { countPlansWithMemory, countRuns, listRunsWithMemory, type Run } from '../store/runs.ts'
import { requireAllowances } from './allowances.ts'

/** How much memory all runs may need together, how much one run may need, and how many runs a user may have. */
export interface MemoryRule {
  readonly totalBytes: number
  readonly limits?: Limits
  bytesOf(plan: RunPlan): number
}

export interface Promised {
  readonly id: string
  readonly title: string
  readonly owner: string
  readonly bytes: number
}

const namedInHint = 3
const leastReserveBytes = 1024 ** 3

/** Default memory for runs: the host's memory (or the container's limit) without a tenth, at least 1 GiB, for the host itself. */
export function memoryForRuns(hostBytes = totalmem(), boundBytes = process.constrainedMemory()): number {
  const bytes = boundBytes > 0 ? Math.min(hostBytes, boundBytes) : hostBytes
  return Math.max(0, bytes - Math.max(leastReserveBytes, bytes / 10))
}

/**
 * Returns why a run that may need `neededBytes` cannot start beside these; undefined when it can. Pure. Memory is
 * never promised twice: when guests use all of theirs, the kernel would kill some VM, and not the newest.
 */
export function refusalOfMemory(
  neededBytes: number,
  promised: readonly Promised[],
  totalBytes: number,
  owner: string,
): RametError | undefined {
  const promisedBytes = promised.reduce((sum, { bytes }) => sum + bytes, 0)
  if (promisedBytes + neededBytes <= totalBytes) return undefined
  const biggest = promised
    .filter((run) => run.owner === owner)
    .toSorted((a, b) => b.bytes - a.bytes)
    .slice(0, namedInHint)
    .map(({ id, title, bytes }) => `${title} (${formatBytes(bytes)}): ramet playground stop ${id}`)
  return notEnoughMemory({ neededBytes, promisedBytes, totalBytes, runs: promised.length, biggest })
}

/** Memory promised to users' runs that are on, starting or stopping. A throwaway run does not count: it is destroyed when memory is needed (warm-pool/warm-starts.ts). */
export async function promisedMemory(db: Db, rule: MemoryRule): Promise<Promised[]> {
  const runs = await listRunsWithMemory(db, 'user')
  return runs.map(({ id, title, owner_id, plan }) => ({ id, title, owner: owner_id, bytes: rule.bytesOf(plan) }))
}

/** Absent: it is a user's. */
type Admitted = Pick<Run, 'owner_id' | 'plan'> & { readonly purpose?: Run['purpose'] | undefined }

/**
 * Throws `not_enough_memory`, `too_many_runs_on` and `limit_reached`; returns what the user may have. Call it in the transaction that switches the run on: transactions are serializable, so
 * two starts cannot both take the last place.
 */
export async function requireMemory(trx: Db, rule: MemoryRule, run: Admitted): Promise<Allowances> {
  const plans = await countPlansWithMemory(trx, 'user')
  const { limits = defaultLimits } = rule
  const own = plans.filter(({ owner_id }) => owner_id === run.owner_id)
  const on = own.reduce((sum, { count }) => sum + count, 0)
  if (on >= limits['runs-on']) throw limitReached('runs-on', limits)
  const allowances = run.purpose === 'warm-start' ? {} : await requireAllowances(trx, rule, run, own)
  const neededBytes = rule.bytesOf(run.plan)
  const promisedBytes = plans.reduce((sum, { plan, count }) => sum + rule.bytesOf(plan) * count, 0)
  if (promisedBytes + neededBytes <= rule.totalBytes) return allowances
  const refusal = refusalOfMemory(neededBytes, await promisedMemory(trx, rule), rule.totalBytes, run.owner_id)
  if (refusal) throw refusal
  return allowances
}

/** Throws `too_many_runs` when so many more would be beyond what a user may keep. In the transaction that makes them. */
export async function requireRuns(trx: Db, { limits = defaultLimits }: MemoryRule, ownerId: string, more: number): Promise<void> {
  if ((await countRuns(trx, ownerId)) + more > limits.runs) throw limitReached('runs', limits)
}
