import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { nameTaken } from '@ramet/model/errors/errors.ts'
import type { Base } from '@ramet/model/manifest/inherit.ts'
import { parseManifest } from '@ramet/model/manifest/parse-manifest.ts'
import { type StoredSpec, storedSpec } from '@ramet/model/manifest/stored-spec.ts'
import { type Db, now, transaction } from '../store/database.ts'
import {
  findPlayground,
  insertPlayground,
  listPlaygrounds,
  markPlaygroundRemoved,
  updatePlayground,
} from '../store/playgrounds.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { newId } from './new-id.ts'

/** The base that allows machines of any name. Every other base fixes its machines. */
export const flexibleBase = 'flexbox'

/** One folder of the official catalogue, `playgrounds/<name>/`. */
interface Official {
  readonly name: string
  readonly values: Pick<PlaygroundRow, 'title' | 'description' | 'categories' | 'markdown' | 'cover' | 'spec'>
}

/**
 * Updates the official playgrounds of the store from `folder`: adds new ones, updates changed ones (runs keep the plan they were made with),
 * and hides those whose folder is gone. Throws InvalidInput when a manifest of the catalogue is wrong, and then changes nothing.
 */
export async function loadCatalog(db: Db, folder: string, images: readonly string[]): Promise<void> {
  const officials: Official[] = []
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isDirectory()) officials.push(await readOfficial(join(folder, entry.name), entry.name, images))
  }
  await transaction(db, async (trx) => {
    for (const { name, values } of officials) {
      const found = await findPlayground(trx, name)
      if (!found) {
        const at = now()
        await insertPlayground(trx, {
          id: newId(),
          name,
          owner_id: null,
          base: name,
          base_id: null,
          saved_from: null,
          ...values,
          created_at: at,
          updated_at: at,
          removed_at: null,
        })
      } else if (found.owner_id !== null) {
        throw nameTaken('playground', name)
      } else if (Object.entries(values).some(([key, value]) => found[key as keyof typeof values] !== value)) {
        await updatePlayground(trx, found.id, values)
      }
    }
    for (const { id, name, owner_id } of await listPlaygrounds(trx)) {
      if (owner_id === null && !officials.some((official) => official.name === name)) await markPlaygroundRemoved(trx, id)
    }
  })
}

async function readOfficial(folder: string, name: string, images: readonly string[]): Promise<Official> {
  const file = join(folder, 'manifest.yaml')
  const { manifest, spec } = parseManifest(await readFile(file, 'utf8'), file, { complete: true, images, strict: true })
  const readme = manifest.markdown ?? (await readFile(join(folder, 'README.md'), 'utf8').catch(() => undefined))
  return {
    name,
    values: {
      title: manifest.title,
      description: manifest.description ?? '',
      categories: JSON.stringify(manifest.categories),
      markdown: readme ?? null,
      cover: manifest.cover ?? null,
      spec: JSON.stringify(spec),
    },
  }
}

/** Reads the spec of a stored playground, which was checked when it was written. */
export const specOf = (row: PlaygroundRow): StoredSpec => storedSpec(JSON.parse(row.spec))

/** Official playgrounds, as bases for others. */
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
