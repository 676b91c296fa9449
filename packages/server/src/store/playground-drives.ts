import type { Insertable, Selectable } from 'kysely'
import type { Db } from './database.ts'
import type { PlaygroundDriveTable } from './schema.ts'

export type PlaygroundDriveRow = Selectable<PlaygroundDriveTable>

/** Drives of a playground that have content of their own. */
export async function listPlaygroundDrives(db: Db, playgroundId: string): Promise<PlaygroundDriveRow[]> {
  return db.selectFrom('playground_drives').selectAll().where('playground_id', '=', playgroundId).execute()
}

export async function insertPlaygroundDrive(db: Db, row: Insertable<PlaygroundDriveTable>): Promise<void> {
  await db.insertInto('playground_drives').values(row).execute()
}

export async function deletePlaygroundDrive(
  db: Db,
  { playground_id, machine, drive_index }: Pick<PlaygroundDriveRow, 'playground_id' | 'machine' | 'drive_index'>,
): Promise<void> {
  await db
    .deleteFrom('playground_drives')
    .where('playground_id', '=', playground_id)
    .where('machine', '=', machine)
    .where('drive_index', '=', drive_index)
    .execute()
}
