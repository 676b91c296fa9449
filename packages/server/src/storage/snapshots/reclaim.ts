import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { snapshotsFolder } from '@ramet/engine/snapshot/snapshot-folder.ts'
import type { Db } from '../../store/database.ts'

/** Once at start: snapshots that were being taken when the server was killed, files that no row accounts for, and snapshots that were being removed. */
export async function reclaimSnapshots(db: Db, home: string, log: { warn(what: object, message: string): void }): Promise<void> {
  const known = new Set((await db.selectFrom('snapshots').select('id').execute()).map(({ id }) => id))
  const rows = await db.selectFrom('snapshot_machines').select(['device_state_file', 'ram_file']).execute()
  const files = new Set(rows.flatMap(({ device_state_file, ram_file }) => [device_state_file, ram_file]))
  const list = (folder: string) => readdir(folder).catch((): string[] => [])
  const remove = async (path: string) => {
    log.warn({ path }, 'reclaiming files of a snapshot that no row accounts for')
    await rm(path, { recursive: true, force: true })
  }
  for (const id of await list(snapshotsFolder(home))) {
    const folder = join(snapshotsFolder(home), id)
    if (!known.has(id)) {
      await remove(folder)
      continue
    }
    for (const name of await list(folder)) if (!files.has(join('snapshots', id, name))) await remove(join(folder, name))
  }
}
