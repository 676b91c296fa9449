import { transaction } from '../../store/database.ts'
import { removeSnapshot, unheldSnapshots } from '../../store/snapshots.ts'
import type { LayerTools } from '../layers/layer-tools.ts'

/**
 * Removes every snapshot without references. First the rows in one transaction, in which no new reference can appear; then the folders. A crash in between leaves
 * folders without rows, which are reclaimed at the next start. Call it before layers are collected, since snapshots refer to layers.
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
