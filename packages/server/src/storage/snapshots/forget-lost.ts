import { forgetLostMemory } from '../../runs/run.ts'
import { type Db, transaction } from '../../store/database.ts'
import { listNotDurable } from '../../store/snapshots.ts'
import { forgetWarmStartsOf } from '../../store/warm-starts.ts'

/** After a reboot of the host: files of snapshots that were never made durable may hold anything. */
export async function forgetLostSnapshots(db: Db): Promise<void> {
  await transaction(db, async (trx) => {
    const lost = (await listNotDurable(trx)).map(({ id }) => id)
    await forgetWarmStartsOf(trx, lost)
    await forgetLostMemory(trx, lost)
  })
}
