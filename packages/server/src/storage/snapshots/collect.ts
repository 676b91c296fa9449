import { transaction } from '../../store/database.ts'
import { removeSnapshot, unheldSnapshots } from '../../store/snapshots.ts'
import type { LayerTools } from '../layers/layer-tools.ts'

/**
 * Removes every snapshot that nothing holds. Rows first, in one transaction, in which nobody can begin to hold one; then the folders. A crash in between leaves
 * folders without rows, which are reclaimed at the next start. To be done before layers are collected, which snapshots hold.
 */
export async function collectSnapshots({
  db,
  storage,
  afterStep,
}: Pick<LayerTools, 'db' | 'storage' | 'afterStep'>): Promise<void> {
  const removed = await transaction(db, async (trx) => {
    const ids = await unheldSnapshots(trx)
    for (const id of ids) await removeSnapshot(trx, id)
    return ids
  })
  if (removed.length === 0) return
  afterStep?.('collect/forget-snapshots')
  await storage.removeSnapshots(removed)
}
