import { transaction } from '../../store/database.ts'
import { removeLayer, unreferencedLayers } from '../../store/layers.ts'
import type { LayerTools } from './layer-tools.ts'

/**
 * Removes every layer without references: from no drive, playground, snapshot, image or child. First all rows in one transaction, in which no new reference can appear; then
 * the files, so that no row is ever without its file. A crash in between leaves files without rows, which are reclaimed at the next start.
 */
export async function collectLayers({
  db,
  storage,
  afterStep,
  changed,
}: Pick<LayerTools, 'db' | 'storage' | 'afterStep' | 'changed'>): Promise<void> {
  const files = await transaction(db, async (trx) => {
    const removed: string[] = []
    // Removing a layer may free its parent.
    for (let free = await unreferencedLayers(trx); free.length > 0; free = await unreferencedLayers(trx)) {
      for (const { id, file } of free) {
        await removeLayer(trx, id)
        removed.push(file)
      }
    }
    return removed
  })
  // Also when no layer was removed: one reference less may allow a merge.
  changed?.()
  if (files.length === 0) return
  afterStep?.('collect/forget-layers')
  await storage.removeLayers(files)
}
