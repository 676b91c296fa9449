import type { Db } from '../store/database.ts'
import { listDrives } from '../store/drives.ts'
import type { DriveRow } from '../store/schema.ts'

/** Reads the drives of a sealed run and checks that none has an overlay. Call it in the transaction that puts something else on their layers. */
export async function sealedDrives(trx: Db, runId: string): Promise<DriveRow[]> {
  const drives = await listDrives(trx, runId)
  const open = drives.find(({ overlay }) => overlay !== null)
  if (open) throw new Error(`drive ${open.machine}[${open.drive_index}] of run ${runId} was to be sealed and has an overlay`)
  return drives
}
