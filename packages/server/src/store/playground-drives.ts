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
