import { type Db, now } from './database.ts'
import type { ImageRow } from './schema.ts'

export async function listImages(db: Db): Promise<ImageRow[]> {
  return db.selectFrom('images').selectAll().orderBy('name').execute()
}

export async function findImage(db: Db, name: string): Promise<ImageRow | undefined> {
  return db.selectFrom('images').selectAll().where('name', '=', name).executeTakeFirst()
}

/** Makes this the layer of new runs on the image `name`. Existing runs keep their layer. */
export async function setImage(db: Db, image: { name: string; layerId: string; recipe: string }): Promise<void> {
  const values = { layer_id: image.layerId, recipe: image.recipe, built_at: now() }
  await db
    .insertInto('images')
    .values({ name: image.name, ...values })
    .onConflict((conflict) => conflict.column('name').doUpdateSet(values))
    .execute()
}

/** Forgets the image; its layer stays while anything else refers to it. */
export async function removeImage(db: Db, name: string): Promise<void> {
  await db.deleteFrom('images').where('name', '=', name).execute()
}
