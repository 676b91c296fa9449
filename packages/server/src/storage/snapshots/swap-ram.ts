import { rm, stat } from 'node:fs/promises'
import { join, relative } from 'node:path'
import type { NewRamFile } from '@ramet/engine/snapshot/ram-file.ts'
import { type Db, transaction } from '../../store/database.ts'
import type { LayerTools } from '../layers/layer-tools.ts'

export interface RamSwap {
  readonly snapshotId: string
  readonly machine: string
  /** Where the RAM is until now; absolute. */
  readonly from: string
  /** Durable. */
  readonly to: NewRamFile
  /** Asked in the transaction: false when the new file is not wanted any more. */
  readonly isWanted?: (trx: Db) => Promise<boolean>
}

/**
 * The RAM of a machine in a snapshot is in another file from now on, and the old one goes; or, when that is not so any more, the new one. A crash before the
 * transaction leaves the new file without a row, one after it the old: both are reclaimed at the next start.
 */
export async function swapRam({ db, home }: Pick<LayerTools, 'db' | 'home'>, swap: RamSwap): Promise<'swapped' | 'dropped'> {
  const { snapshotId, machine, from, to, isWanted } = swap
  const onDisk = async (path: string) => (await stat(path)).blocks * 512
  const grownBy = (await onDisk(to.path)) - (await onDisk(from).catch(() => 0))
  const isSwapped = await transaction(db, async (trx) => {
    if (isWanted && !(await isWanted(trx))) return false
    const { numUpdatedRows } = await trx
      .updateTable('snapshot_machines')
      .set({
        ram_file: relative(home, to.path),
        ram_form: to.isPacked ? 'zstd' : 'plain',
        ram_file_bytes: to.bytes,
        ram_digest: to.digest,
      })
      .where('snapshot_id', '=', snapshotId)
      .where('machine', '=', machine)
      .where('ram_file', '=', relative(home, from))
      .executeTakeFirst()
    if (numUpdatedRows !== 1n) return false
    const { bytes } = await trx.selectFrom('snapshots').select('bytes').where('id', '=', snapshotId).executeTakeFirstOrThrow()
    await trx
      .updateTable('snapshots')
      .set({ bytes: Math.max(0, bytes + grownBy) })
      .where('id', '=', snapshotId)
      .execute()
    return true
  })
  if (!isSwapped) {
    await rm(to.path, { force: true })
    return 'dropped'
  }
  await rm(from, { force: true })
  return 'swapped'
}

export const ramPath = (home: string, { ram_file }: { readonly ram_file: string }) => join(home, ram_file)
