import type { HostStorage } from '@ramet/engine'
import type { Usage, UsedAllowance } from '@ramet/model/api/usage.ts'
import { isOff } from '@ramet/model/run/run-state.ts'
import type { Storage, User } from '../../services.ts'
import { allowancesOf } from '../../store/allowances.ts'
import { type Db, readTransaction } from '../../store/database.ts'
import {
  bytesOnRecord,
  type HoldingRows,
  listOverlays,
  listPlaygroundsForUsage,
  listRunsForUsage,
  listWarmStartsForUsage,
  readHoldingRows,
} from '../../store/usage.ts'
import { isSpare, listThrowaways } from '../../store/warm-starts.ts'
import { holdingsOf } from './holdings.ts'
import { OverlaySizes } from './overlay-sizes.ts'
import { isExceeded, quotaRefusal, restingBytes } from './quota.ts'
import type { Share } from './shares.ts'
import { usageOf } from './usage.ts'

export interface StorageTools {
  readonly db: Db
  readonly storage: Pick<HostStorage, 'overlayBytes'>
  readonly quotaBytes: number
  /** Limits of a user that an admin set, and how much of each there is; `storageBytes`: of his storage. Default: there are none. */
  used?(trx: Db, userId: string, storageBytes: number): Promise<UsedAllowance[]>
}

/** Quota of stopped runs and saved playgrounds. It can refuse clone and save, but never a stop, since a run could then not be put away, nor a start. */
export interface Quota {
  /** Checks before anything is begun. Throws `quota_exceeded` with the numbers and the biggest items. */
  check(user: User): Promise<void>
  /** Checks again in the transaction that writes, so that of two simultaneous calls the second sees the first. Overlays count as `check` measured them. */
  checkWithin(trx: Db, user: User): Promise<void>
}

const nothing: Share = { exclusiveBytes: 0, sharedBytes: 0 }

/** Reports disk usage and the quota. */
export function storageService({
  db,
  storage,
  quotaBytes,
  used = async () => [],
}: StorageTools): Storage & { readonly quota: Quota } {
  const sizes = new OverlaySizes(storage)
  const limitOf = async (trx: Db, { id }: User) => (await allowancesOf(trx, id)).storage ?? quotaBytes

  /** Measures overlays, and reads rows of the same moment. */
  async function measure(trx: Db): Promise<HoldingRows> {
    const rows = await readHoldingRows(trx)
    await sizes.measure(rows)
    return rows
  }

  /** Computed from rows and known sizes. */
  async function read(trx: Db, user: User, rows: HoldingRows) {
    const runs = await listRunsForUsage(trx, user.id)
    const playgrounds = await listPlaygroundsForUsage(trx, user.id)
    const holdings = holdingsOf(rows, sizes)
    const { restingBytes: usedBytes, imageBytes } = restingBytes(holdings, [
      ...runs.filter(({ state }) => isOff(state)).map(({ id }) => `run ${id}`),
      ...playgrounds.map(({ id }) => `playground ${id}`),
    ])
    return { runs, playgrounds, holdings, imageBytes, quota: { usedBytes, limitBytes: await limitOf(trx, user) } }
  }

  async function usageIn(trx: Db, user: User, rows: HoldingRows): Promise<Usage> {
    const { runs, playgrounds, holdings, imageBytes, quota } = await read(trx, user, rows)
    const warmStarts = await warmStartsIn(trx)
    const measured = usageOf(holdings)
    return {
      runs: runs.map((run) => ({ ...run, ...(measured.runs.get(run.id) ?? nothing) })),
      playgrounds: playgrounds.map(({ id, ...playground }) => ({
        ...playground,
        ...(measured.playgrounds.get(id) ?? nothing),
      })),
      warmStarts: warmStarts.map(({ id, ...warm }) => ({ ...warm, ...(measured.warmStarts.get(id) ?? nothing) })),
      totalBytes: measured.total.bytes,
      imageBytes,
      quota,
      allowances: await used(trx, user.id, quota.usedBytes),
    }
  }

  /** Reads who holds what only where there is more on record, whoever holds it, than the quota allows. Computes all shares only to name the biggest items. */
  async function check(trx: Db, user: User): Promise<void> {
    if (!isExceeded({ usedBytes: (await bytesOnRecord(trx)) + sizes.totalBytes, limitBytes: await limitOf(trx, user) })) return
    const rows = await readHoldingRows(trx)
    if (isExceeded((await read(trx, user, rows)).quota)) throw quotaRefusal(await usageIn(trx, user, rows))
  }

  const usage = (user: User): Promise<Usage> => readTransaction(db, async (trx) => usageIn(trx, user, await measure(trx)))

  return {
    usage,
    quota: {
      check: (user) =>
        readTransaction(db, async (trx) => {
          const overlays = await listOverlays(trx)
          await sizes.measure({ runs: overlays, drives: overlays })
          await check(trx, user)
        }),
      checkWithin: check,
    },
  }
}

async function warmStartsIn(db: Db) {
  const standing = (await listThrowaways(db)).filter((row) => row.state === 'RUNNING' && isSpare(row) !== undefined)
  return (await listWarmStartsForUsage(db)).map((row) => ({
    ...row,
    spares: standing.filter(({ playground_id }) => playground_id === row.id).length,
  }))
}
