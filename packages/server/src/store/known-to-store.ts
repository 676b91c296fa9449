import type { Known, KnownLayer } from '@ramet/engine'
import { type Db, destroyed, readTransaction } from './database.ts'

/** Everything of this installation that a row accounts for, to tell what a crash left behind. */
export async function knownToStore(db: Db): Promise<Known & { readonly layers: readonly (KnownLayer & { id: string })[] }> {
  return readTransaction(db, async (trx) => {
    const layers = await trx.selectFrom('layers').select(['id', 'file', 'state']).execute()
    const snapshots = await trx.selectFrom('snapshots').select('id').execute()
    const memory = await trx.selectFrom('snapshot_machines').select(['snapshot_id', 'device_state_file', 'ram_file']).execute()
    const filesOf = Map.groupBy(memory, ({ snapshot_id }) => snapshot_id)
    const runs = await trx.selectFrom('runs').select(['id', 'short_id', 'state']).where('state', '!=', destroyed).execute()
    const drives = await trx.selectFrom('drives').select(['run_id', 'overlay', 'next_overlay']).execute()
    const drivesOf = Map.groupBy(drives, ({ run_id }) => run_id)
    return {
      layers: layers.map(({ id, file, state }) => ({ id, file, isSealed: state === 'sealed' })),
      snapshots: snapshots.map(({ id }) => ({
        id,
        files: (filesOf.get(id) ?? []).flatMap(({ device_state_file, ram_file }) => [device_state_file, ram_file]),
      })),
      runs: runs.map(({ id, short_id, state }) => ({
        id,
        shortId: short_id,
        isOn: state === 'RUNNING',
        overlays: (drivesOf.get(id) ?? []).flatMap(({ overlay, next_overlay }) =>
          [overlay, next_overlay].filter((name) => name !== null),
        ),
      })),
    }
  })
}
