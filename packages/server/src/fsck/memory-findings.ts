import { join } from 'node:path'
import type { RamFile } from '@ramet/engine/snapshot/ram-file.ts'
import type { Finding } from '@ramet/model/api/host.ts'
import type { Db } from '../store/database.ts'
import type { Sight } from './look.ts'

/** Memory that is not what it was when it was taken. What has no digest yet, and what goes meanwhile, is passed over. */
export async function memoryFindings(
  db: Db,
  home: string,
  { rows, files }: Sight,
  digestRam: (file: RamFile) => Promise<string>,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const { snapshot_id, machine, ram_file, ram_form, ram_digest } of rows.snapshot_machines) {
    if (ram_digest === null || files.get(ram_file)?.kind !== 'file') continue
    const digest = await digestRam({ path: join(home, ram_file), isPacked: ram_form === 'zstd' }).catch(() => 'unreadable')
    if (digest === ram_digest) continue
    const isStill = await db
      .selectFrom('snapshot_machines')
      .select('machine')
      .where('snapshot_id', '=', snapshot_id)
      .where('machine', '=', machine)
      .where('ram_file', '=', ram_file)
      .executeTakeFirst()
    if (!isStill) continue
    const message = `${ram_file} of ${machine} is not what it was when it was taken: restart with --cold.`
    findings.push({ code: 'snapshot_memory_damaged', subject: `snapshot ${snapshot_id}`, message })
  }
  return findings
}
