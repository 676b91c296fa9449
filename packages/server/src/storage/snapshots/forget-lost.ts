import { forgetLostMemory } from '../../runs/run.ts'
import { type Db, transaction } from '../../store/database.ts'
import { listNotDurable } from '../../store/snapshots.ts'
import { forgetWarmStartsOf } from '../../store/warm-starts.ts'

/** Drops snapshots that were not durable at a reboot of the host: their files may contain anything. */
export async function forgetLostSnapshots(db: Db): Promise<void> {
  await transaction(db, async (trx) => {
    const lost = (await listNotDurable(trx)).map(({ id }) => id)
    await forgetWarmStartsOf(trx, lost)
    await forgetLostMemory(trx, lost)
  })
}
