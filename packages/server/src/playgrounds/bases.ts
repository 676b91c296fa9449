import type { Base } from '@ramet/model/manifest/inherit.ts'
import { type StoredSpec, storedSpec } from '@ramet/model/manifest/stored-spec.ts'
import type { Db } from '../store/database.ts'
import { listPlaygrounds } from '../store/playgrounds.ts'
import type { PlaygroundRow } from '../store/schema.ts'

/** The base that allows machines of any name. Every other base fixes its machines. */
export const flexibleBase = 'flexbox'

/** Reads the spec of a stored playground, which was checked when it was written. */
export const specOf = (row: PlaygroundRow): StoredSpec => storedSpec(JSON.parse(row.spec))

/** Playgrounds of the catalogue, as bases for others. */
export async function listBases(db: Db): Promise<Base[]> {
  const rows = await listPlaygrounds(db)
  return rows.filter(({ owner_id }) => owner_id === null).map(baseOf)
}

export const baseOf = (row: PlaygroundRow): Base => ({
  name: row.name,
  spec: specOf(row),
  // The saved content belongs to these machines: others would begin without it.
  takesAnyMachine: row.base === flexibleBase && row.saved_from === null,
})
