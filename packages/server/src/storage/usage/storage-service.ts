import type { Usage } from '@ramet/model/api/usage.ts'
import { isOff } from '@ramet/model/run/run-state.ts'
import type { Storage, User } from '../../services.ts'
import type { Db } from '../../store/database.ts'
import { isSpare, listThrowaways } from '../../store/warm-starts.ts'
import { checkQuota, restingBytes } from './quota.ts'
import type { Share } from './shares.ts'
import { readHoldings, type UsageTools, usageOf } from './usage.ts'

export interface StorageTools extends UsageTools {
  readonly quotaBytes: number
}

const nothing: Share = { exclusiveBytes: 0, sharedBytes: 0 }

/**
 * What everything takes on disk, and the quota of what rests there. The quota refuses what makes more of it: clone and save. It never refuses a stop, for then a run
 * could not be put away, nor a start, for then one could not look whether a run may go.
 */
export function storageService({ quotaBytes, ...tools }: StorageTools): Storage & { checkQuota(user: User): Promise<void> } {
  async function usage(user: User): Promise<Usage> {
    const [runs, playgrounds, warmStarts] = await Promise.all([
      runsOf(tools.db, user),
      savedPlaygroundsOf(tools.db, user),
      warmStartsIn(tools.db),
    ])
    const holdings = await readHoldings(tools)
    const measured = usageOf(holdings)
    const { restingBytes: usedBytes, imageBytes } = restingBytes(holdings, [
      ...runs.filter(({ state }) => isOff(state)).map(({ id }) => `run ${id}`),
      ...playgrounds.map(({ id }) => `playground ${id}`),
    ])
    return {
      runs: runs.map((run) => ({ ...run, ...(measured.runs.get(run.id) ?? nothing) })),
      playgrounds: playgrounds.map(({ id, ...playground }) => ({
        ...playground,
        ...(measured.playgrounds.get(id) ?? nothing),
      })),
      warmStarts: warmStarts.map(({ id, ...warm }) => ({ ...warm, ...(measured.warmStarts.get(id) ?? nothing) })),
      totalBytes: measured.total.bytes,
      imageBytes,
      quota: { usedBytes, limitBytes: quotaBytes },
    }
  }

  return {
    usage,
    checkQuota: async (user) => checkQuota(await usage(user)),
  }
}

const runsOf = (db: Db, user: User) =>
  db
    .selectFrom('runs')
    .select(['id', 'title', 'playground_name as playground', 'state', 'created_at as createdAt'])
    .where('owner_id', '=', user.id)
    .where('purpose', '=', 'user')
    .where('state', '!=', 'DESTROYED')
    .orderBy('created_at')
    .execute()

async function warmStartsIn(db: Db) {
  const standing = (await listThrowaways(db)).filter((row) => row.state === 'RUNNING' && isSpare(row) !== undefined)
  const rows = await db
    .selectFrom('warm_starts')
    .innerJoin('playgrounds', 'playgrounds.id', 'warm_starts.playground_id')
    .select(['playgrounds.id', 'playgrounds.name as playground', 'warm_starts.created_at as createdAt'])
    .orderBy('warm_starts.created_at')
    .execute()
  return rows.map((row) => ({ ...row, spares: standing.filter(({ playground_id }) => playground_id === row.id).length }))
}

/** Those with drives of their own. */
const savedPlaygroundsOf = (db: Db, user: User) =>
  db
    .selectFrom('playgrounds')
    .select(['id', 'name', 'title', 'created_at as createdAt'])
    .where('owner_id', '=', user.id)
    .where('removed_at', 'is', null)
    .where(({ exists, selectFrom }) =>
      exists(selectFrom('playground_drives').select('layer_id').whereRef('playground_id', '=', 'playgrounds.id')),
    )
    .orderBy('created_at')
    .execute()
