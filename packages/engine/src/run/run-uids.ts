import { createHash } from 'node:crypto'
import { uidsExhausted } from '@ramet/model/errors/errors.ts'
import { Claims } from '../disk/claims.ts'

/** Users of runs: everything that works for a run and may be taken over has a user and group of that run alone. */
export interface RunUids {
  /** The run's; a new one when it has none. Throws `uids_exhausted`. */
  take(runId: string): Promise<number>
  /** To be called when nothing of the run runs any more and no file belongs to its user. */
  release(runId: string): Promise<void>
  /** Users of this installation's runs, by run id. */
  holders(): Promise<ReadonlyMap<string, number>>
}

export interface UidRange {
  readonly first: number
  readonly count: number
}

/**
 * Between the ranges that others use: users and dynamic users are below 65536, /etc/subuid begins at 100,000 and ends at 600,100,000 (login.defs(5)), systemd's
 * containers end at 1,879,048,191, and from 2,147,352,576 on are its foreign ids (systemd's UIDS-GIDS).
 */
export const defaultUids: UidRange = { first: 1_900_000_000, count: 65_536 }

/**
 * Claims as those of addresses, and forgotten with them at a reboot of the host. Files of a run have its user only while the run is on: each start gives them to
 * it, and each end gives them back to root, so a number means nothing to files at rest.
 */
export function leasedUids(installation: string, { range = defaultUids, folder = '/run/ramet/uids' } = {}): RunUids {
  const claims = new Claims(folder, /^\d{1,10}$/)
  const holders = async () =>
    new Map(
      (await claims.list())
        .filter((claim) => claim.installation === installation)
        .map(({ runId, name }) => [runId, Number(name)] as const),
    )
  return {
    async take(runId) {
      const mine = await claims.of(installation, runId)
      if (mine !== undefined) return Number(mine.name)
      const first = createHash('sha256').update(runId).digest().readUInt32BE(0)
      for (let step = 0; step < range.count; step += 1) {
        const uid = range.first + ((first + step) % range.count)
        if (await claims.claim({ name: String(uid), installation, runId })) return uid
        // Another machine of the run may have been faster.
        const ours = await claims.of(installation, runId)
        if (ours !== undefined) return Number(ours.name)
      }
      throw uidsExhausted(range.first, range.count)
    },
    release: (runId) => claims.release(installation, runId),
    holders,
  }
}
