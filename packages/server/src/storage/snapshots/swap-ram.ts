import type { NewRam } from '@ramet/engine'
import { type Db, transaction } from '../../store/database.ts'
import { type MemoryName, moveRam } from '../../store/snapshot-memory.ts'
import type { LayerTools } from '../layers/layer-tools.ts'

export interface RamSwap extends MemoryName {
  /** Current file of the RAM, relative to the home. */
  readonly from: string
  /** New file of the RAM, durable. */
  readonly to: NewRam
  /** Called in the transaction: false when the new file is no longer wanted. */
  readonly isWanted?: (trx: Db) => Promise<boolean>
}

/**
 * Replaces the RAM file of a machine in a snapshot and removes the old one; if the old one is no longer current, it removes the new one. A crash before the
 * transaction leaves the new file without a row, a crash after it the old one: both are reclaimed at the next start.
 */
export async function swapRam(
  { db, storage }: Pick<LayerTools, 'db' | 'storage'>,
  { from, to, isWanted, ...memory }: RamSwap,
): Promise<'swapped' | 'dropped'> {
  const [before = 0, after = 0] = await storage.fileBytes([from, to.file])
  const isSwapped = await transaction(db, async (trx) => {
    if (isWanted && !(await isWanted(trx))) return false
    return moveRam(trx, memory, from, to, after - before)
  })
  await storage.removeRam(isSwapped ? from : to.file)
  return isSwapped ? 'swapped' : 'dropped'
}
