import type { HomeInspection } from '@ramet/engine'
import type { Finding } from '@ramet/model/api/host.ts'
import { isStoppedSince } from '../store/all-rows.ts'
import type { Db } from '../store/database.ts'
import { findLayer } from '../store/layers.ts'
import type { Sight } from './look.ts'

/** Checks the inside of drives' files. Sealed layers never change, so they can always be checked; overlays only if their run is off before and after. */
export async function driveFindings(db: Db, files: HomeInspection, { rows, files: seen }: Sight): Promise<Finding[]> {
  const findings: Finding[] = []
  const look = async (code: string, subject: string, file: string, sizeBytes: number, stillHolds: () => Promise<boolean>) => {
    if (seen.get(file)?.kind !== 'file') return
    const said = await files.checkDrive(file, sizeBytes)
    if (said.length > 0 && (await stillHolds()))
      findings.push(...said.map((message) => ({ code, subject, message: `${file}: ${message}.` })))
  }
  for (const { id, file, size_bytes, state } of rows.layers) {
    if (state !== 'sealed') continue
    await look('layer_damaged', `layer ${id}`, file, size_bytes, async () => (await findLayer(db, id)) !== undefined)
  }
  const drives = Map.groupBy(rows.drives, ({ run_id }) => run_id)
  for (const { id, state, wanted, last_state_at } of rows.runs) {
    if (state !== 'STOPPED' || wanted !== 'STOPPED') continue
    for (const { overlay, machine, drive_index, size_bytes } of drives.get(id) ?? []) {
      if (overlay === null) continue
      const subject = `drive ${id} ${machine}[${drive_index}]`
      await look('top_damaged', subject, `runs/${id}/drives/${overlay}`, size_bytes, () => isStoppedSince(db, id, last_state_at))
    }
  }
  return findings
}
