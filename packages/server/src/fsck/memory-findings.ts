import type { HomeInspection } from '@ramet/engine'
import type { Finding } from '@ramet/model/api/host.ts'
import type { Db } from '../store/database.ts'
import { hasRamFile } from '../store/snapshot-memory.ts'
import type { Sight } from './look.ts'

/** Finds memory that changed since it was taken. Skips memory without a digest yet, and memory that is removed meanwhile. */
export async function memoryFindings(db: Db, files: HomeInspection, { rows, files: seen }: Sight): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { snapshot_id, machine, ram_file, ram_form, ram_digest } of rows.snapshot_machines) {
    if (ram_digest === null || seen.get(ram_file)?.kind !== 'file') continue
    const ram = { file: ram_file, isPacked: ram_form === 'zstd' }
    const digest = await files.digestRam(ram, { isUrgent: true }).catch(() => 'unreadable')
    if (digest === ram_digest || !(await hasRamFile(db, { snapshotId: snapshot_id, machine }, ram_file))) continue
    const message = `${ram_file} of ${machine} is not what it was when it was taken: restart with --cold.`
    findings.push({ code: 'snapshot_memory_damaged', subject: `snapshot ${snapshot_id}`, message })
  }
  return findings
}
