import type { FileSight, HomeInspection } from '@ramet/engine'
import { readAllRows, type StoreSight } from '../store/all-rows.ts'
import type { Db } from '../store/database.ts'

export type { FileSight }

/** What the store says, and which files there are. Files are looked at after the rows, so either may be a moment ahead. */
export interface Sight extends StoreSight {
  /** By path relative to the home: all below `layers`, `runs` and `snapshots`, and what lies directly in the home. */
  readonly files: ReadonlyMap<string, FileSight>
}

export async function look(db: Db, files: HomeInspection): Promise<Sight> {
  const { rows, damage } = await readAllRows(db)
  const named = [
    ...rows.layers.map(({ file }) => file),
    ...rows.snapshot_machines.flatMap(({ device_state_file, ram_file }) => [device_state_file, ram_file]),
  ]
  return { rows, damage, files: await files.look(named) }
}
