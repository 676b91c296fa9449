import { accessOf } from '@ramet/model/access/sharing.ts'
import type { CreatePlayground } from '@ramet/model/api/wire.ts'
import type { Problem } from '@ramet/model/errors/error.ts'
import type { ManifestSpec } from '@ramet/model/manifest/manifest.ts'
import { type RegistryAuth, registryAuthOf } from '@ramet/model/manifest/registry-auth.ts'
import { permittedPlayground } from '../access/membership.ts'
import type { ManifestReader } from '../manifests/manifest-reader.ts'
import type { User } from '../services.ts'
import { type Db, transaction } from '../store/database.ts'
import { findPlaygroundById, updatePlayground } from '../store/playgrounds.ts'
import type { PlaygroundRow } from '../store/schema.ts'
import { deletePlaygroundTask } from '../store/tasks.ts'
import { noted } from '../store/users.ts'
import { baseOf, specOf } from './bases.ts'
import { keptAccess } from './change-playground.ts'
import { keepDrives } from './inherit-drives.ts'
import type { RegistryAuths } from './registry-auths.ts'

interface UpdateTools {
  readonly db: Db
  readonly images: () => readonly string[]
  readonly pinSources: (spec: ManifestSpec, auth: RegistryAuth | undefined) => Promise<void>
  readonly registryAuths: RegistryAuths
  readonly reader: ManifestReader
}

export interface Updated {
  readonly row: PlaygroundRow
  readonly warnings: readonly Problem[]
}

/**
 * Makes a playground anew from a manifest, under its name and on its base, which never change: what the manifest leaves out is the base's, as when it was made. Runs keep the
 * plan and the drives that they have. Of a saved playground, drives and tasks that are described as before keep what was saved of them; others begin anew. Throws InvalidInput with every fault.
 */
export async function replacePlayground(
  { db, images, pinSources, registryAuths, reader }: UpdateTools,
  user: User,
  name: string,
  body: CreatePlayground,
): Promise<Updated> {
  const permitted = async (trx: Db) => permittedPlayground(trx, user, 'playground.change', name)
  const was = await permitted(db)
  const parsed = await reader.body(user, { ...body, name, base: was.base }, { images: images(), bases: [await ownBase(db, was)] })
  const auth = registryAuthOf(parsed.spec)
  // It is a secret, and no part of what is stored and shown. A manifest that was printed has none, so the one that is kept stays.
  const { registryAuth: _, ...written } = parsed.spec
  await pinSources(parsed.spec, auth ?? (await registryAuths.find(was.id)))
  const row = await transaction(db, async (trx) => {
    const before = await permitted(trx)
    const { unknownFields } = parsed
    const spec = unknownFields.length === 0 ? written : { ...written, unknownFields }
    await updatePlayground(trx, before.id, {
      title: parsed.title ?? before.title,
      description: parsed.description ?? '',
      categories: JSON.stringify(parsed.categories),
      markdown: parsed.markdown ?? null,
      cover: parsed.cover ?? null,
      spec: JSON.stringify(spec),
      written_by: user.id,
      access: await keptAccess(trx, user, accessOf(spec), before),
    })
    const after = await permitted(trx)
    await keepDrives(trx, before, after)
    for (const task of changedTasks(before, after)) await deletePlaygroundTask(trx, after.id, task)
    await noted(user, trx, { subject: name })
    return after
  })
  if (auth) (await registryAuths.put(row.id, auth)).keep()
  return { row, warnings: parsed.warnings }
}

/** The base as it is now. One that is gone gives nothing; the machines of a saved playground are its own. */
async function ownBase(db: Db, row: PlaygroundRow) {
  const base = row.base_id === null ? undefined : await findPlaygroundById(db, row.base_id)
  const own = { ...baseOf(row), name: row.base }
  if (row.saved_from !== null || base === undefined || base.removed_at !== null) return own
  return { ...baseOf(base), name: row.base }
}

/** Names of tasks that are gone or do something else now. */
function changedTasks(before: PlaygroundRow, after: PlaygroundRow): string[] {
  const [was, is] = [specOf(before).initTasks ?? {}, specOf(after).initTasks ?? {}]
  const work = (task: (typeof was)[string] | undefined) => JSON.stringify([task?.machine, task?.user, task?.run, task?.env])
  return Object.keys(was).filter((name) => work(was[name]) !== work(is[name]))
}
