import { createHash } from 'node:crypto'
import { defaultUids } from '../run/run-uids.ts'

/** Users of bare VMs, by their run's id: as those of real runs, with no claim that a test would leave behind. */
export const testUids = {
  take: async (runId: string) =>
    defaultUids.first + (createHash('sha256').update(runId).digest().readUInt32BE(0) % defaultUids.count),
}
