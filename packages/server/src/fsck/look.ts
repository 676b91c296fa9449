import type { FileSight, HomeInspection } from '@ramet/engine'
import { readAllRows, type StoreSight } from '../store/all-rows.ts'
import type { Db } from '../store/database.ts'

export type { FileSight }

/** Rows of the store and files of the home. Files are listed after the rows are read, so either may be a moment ahead. */
export interface Sight extends StoreSight {
  /** Files by path relative to the home: everything below `layers`, `runs` and `snapshots`, and everything directly in the home. */
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
