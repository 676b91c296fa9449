import type { ManifestDrive, ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import { defaults } from '@ramet/model/plan/defaults.ts'
import { parseBytes } from '@ramet/model/units/bytes.ts'
import type { Db } from '../store/database.ts'
import { findLayer } from '../store/layers.ts'
import {
  deletePlaygroundDrive,
  insertPlaygroundDrive,
  listPlaygroundDrives,
  type PlaygroundDriveRow,
} from '../store/playground-drives.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { specOf } from './bases.ts'

/**
 * Gives a playground the drive contents of its saved base, for each drive that it describes as the base does; the drive may be larger. A drive that
 * is described differently begins with its own image, or empty.
 */
export async function inheritDrives(trx: Db, base: PlaygroundRow, made: PlaygroundRow): Promise<void> {
  for (const row of await listPlaygroundDrives(trx, base.id))
    if (await isStillItself(trx, row, base, made)) await insertPlaygroundDrive(trx, { ...row, playground_id: made.id })
}

/** Ends the hold of a changed playground on the content of each drive that it does not describe as before. */
export async function keepDrives(trx: Db, before: PlaygroundRow, after: PlaygroundRow): Promise<void> {
  for (const row of await listPlaygroundDrives(trx, before.id))
    if (!(await isStillItself(trx, row, before, after))) await deletePlaygroundDrive(trx, row)
}

async function isStillItself(trx: Db, row: PlaygroundDriveRow, before: PlaygroundRow, after: PlaygroundRow): Promise<boolean> {
  const drive = driveOf(specOf(after), row.machine, row.drive_index)
  const layer = await findLayer(trx, row.layer_id)
  if (!drive || !layer || !isSame(drive, driveOf(specOf(before), row.machine, row.drive_index))) return false
  return (parseBytes(drive.size ?? defaults.driveSize) ?? 0) >= layer.size_bytes
}

const driveOf = (spec: ManifestSpec, machine: string, index: number): ManifestDrive | undefined =>
  spec.machines.find(({ name }) => name === machine)?.drives[index]

/** Compares two drives with defaults filled in: a saved spec has all of them, a manifest may omit them. */
const isSame = (a: ManifestDrive, b: ManifestDrive | undefined): boolean =>
  a.source === b?.source && a.mount === b?.mount && a.partitioned === b?.partitioned && filesystemOf(a) === filesystemOf(b)

const filesystemOf = (drive: ManifestDrive | undefined) =>
  drive?.filesystem ?? (drive?.mount === undefined ? undefined : defaults.filesystem)
