import type { NewRam } from '@ramet/engine'
import { type Db, transaction } from '../../store/database.ts'
import { type MemoryName, moveRam } from '../../store/snapshot-memory.ts'
import type { LayerTools } from '../layers/layer-tools.ts'

export interface RamSwap extends MemoryName {
  /** Where the RAM is until now, relative to the home. */
  readonly from: string
  /** Durable. */
  readonly to: NewRam
  /** Asked in the transaction: false when the new file is not wanted any more. */
  readonly isWanted?: (trx: Db) => Promise<boolean>
}

/**
 * The RAM of a machine in a snapshot is in another file from now on, and the old one goes; or, when that is not so any more, the new one. A crash before the
 * transaction leaves the new file without a row, one after it the old: both are reclaimed at the next start.
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
