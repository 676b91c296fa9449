import { nameTaken } from '@ramet/model/errors/errors.ts'
import { type Db, now, transaction } from '../../store/database.ts'
import {
  findPlayground,
  insertPlayground,
  listPlaygrounds,
  markPlaygroundRemoved,
  updatePlayground,
} from '../../store/playgrounds.ts'
import { newId } from '../new-id.ts'
import type { CatalogEntry } from './read-entry.ts'

/**
 * Makes the catalogue in the store what `entries` say: adds new ones, updates changed ones (runs keep the plan they were made with), and hides those that are gone, but for those of
 * whose names `keep` says so. All or nothing. Returns whether anything changed. Throws `name_taken` for a name that somebody's own playground has.
 */
export async function storeEntries(
  db: Db,
  entries: readonly CatalogEntry[],
  keep: (name: string) => boolean = () => false,
): Promise<boolean> {
  return transaction(db, async (trx) => {
    let isChanged = false
    for (const { name, values } of entries) {
      const found = await findPlayground(trx, name)
      if (found && found.owner_id !== null) throw nameTaken('playground', name)
      if (found && Object.entries(values).every(([key, value]) => found[key as keyof typeof values] === value)) continue
      isChanged = true
      if (found) await updatePlayground(trx, found.id, values)
      else await insertPlayground(trx, { ...identity(name), ...values })
    }
    const names = new Set(entries.map(({ name }) => name))
    for (const { id, name, owner_id } of await listPlaygrounds(trx)) {
      if (owner_id !== null || names.has(name) || keep(name)) continue
      isChanged = true
      await markPlaygroundRemoved(trx, id)
    }
    return isChanged
  })
}

function identity(name: string) {
  const at = now()
  return {
    id: newId(),
    name,
    owner_id: null,
    base: name,
    base_id: null,
    saved_from: null,
    created_at: at,
    updated_at: at,
    removed_at: null,
  }
}
