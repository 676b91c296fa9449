import { randomBytes } from 'node:crypto'
import type { SealedFile } from '@ramet/engine'
import { RametError } from '@ramet/model/errors/error.ts'
import { type Db, now } from './database.ts'
import type { LayerRow } from './schema.ts'

export interface NewLayer {
  readonly id: string
  readonly parentId: string | null
  /** Relative to RAMET_HOME, as `layers/<id>.qcow2`. */
  readonly file: string
  readonly sizeBytes: number
}

/** Inserts an unfinished layer before its file is begun, so that after a crash the file has a row. */
export async function insertBuilding(db: Db, layer: NewLayer): Promise<void> {
  await db
    .insertInto('layers')
    .values({
      id: layer.id,
      parent_id: layer.parentId,
      state: 'building',
      file: layer.file,
      size_bytes: layer.sizeBytes,
      bytes: 0,
      created_at: now(),
    })
    .execute()
}

/** Marks a layer as sealed. Call it once the file has its final name and was synced. */
export async function markSealed(db: Db, id: string, file: SealedFile): Promise<void> {
  const { numUpdatedRows } = await db
    .updateTable('layers')
    .set({ state: 'sealed', bytes: file.bytes, length_bytes: file.lengthBytes, modified_at: file.modifiedAt })
    .where('id', '=', id)
    .where('state', '=', 'building')
    .executeTakeFirst()
  if (numUpdatedRows !== 1n) throw new RametError('layer_not_building', 500, `The layer ${id} is not being built.`)
}

/** Makes a unique id and file name for a new layer. */
export function newLayerName(): { readonly id: string; readonly file: string } {
  const id = randomBytes(12).toString('hex')
  return { id, file: `layers/${id}.qcow2` }
}

/** The layer below; decided when it is sealed, since the drive's layer may have been merged meanwhile. */
export async function setParent(trx: Db, id: string, parentId: string | null): Promise<void> {
  await trx.updateTable('layers').set({ parent_id: parentId }).where('id', '=', id).execute()
}

/** True while its file is not said to be there. */
export async function isBuilding(db: Db, id: string): Promise<boolean> {
  const row = await db.selectFrom('layers').select('state').where('id', '=', id).executeTakeFirst()
  return row?.state === 'building'
}

/** Removes the row of an unfinished layer; a layer that was sealed meanwhile stays. Remove the file before. */
export async function forgetBuilding(db: Db, id: string): Promise<void> {
  await db.deleteFrom('layers').where('id', '=', id).where('state', '=', 'building').execute()
}

export async function findLayer(db: Db, id: string): Promise<LayerRow | undefined> {
  return db.selectFrom('layers').selectAll().where('id', '=', id).executeTakeFirst()
}

/** Reads the layer `id` and all below it, root first, in one query. RametError `layer_chain_broken` when one is missing or they form a ring. */
export async function layerChain(db: Db, id: string): Promise<LayerRow[]> {
  const rows = await db
    .withRecursive('chain', (below) =>
      below
        .selectFrom('layers')
        .selectAll()
        .where('id', '=', id)
        // Not `union all`: a ring ends.
        .union((each) => each.selectFrom('layers').innerJoin('chain', 'chain.parent_id', 'layers.id').selectAll('layers')),
    )
    .selectFrom('chain')
    .selectAll()
    .execute()
  const byId = new Map(rows.map((row) => [row.id, row]))
  const chain: LayerRow[] = []
  for (let next: string | null = id; next !== null; ) {
    const layer = byId.get(next)
    if (!layer) throw brokenChain(id, next, rows)
    byId.delete(next)
    chain.unshift(layer)
    next = layer.parent_id
  }
  return chain
}

const brokenChain = (id: string, at: string, rows: readonly LayerRow[]) =>
  new RametError(
    'layer_chain_broken',
    500,
    `The layer ${id} stands on ${at}, which ${rows.some((row) => row.id === at) ? 'stands on it' : 'is gone'}.`,
    { hint: 'See what else is wrong with: ramet fsck' },
  )

export interface LayerReferences {
  readonly drives: number
  readonly playgroundDrives: number
  readonly snapshotDrives: number
  readonly images: number
  readonly children: number
}

/** Counts the references to a layer, by kind. */
export async function countReferences(db: Db, id: string): Promise<LayerReferences> {
  const count = async (table: 'drives' | 'playground_drives' | 'snapshot_drives' | 'images') => {
    const row = await db
      .selectFrom(table)
      .select((e) => e.fn.countAll<number>().as('n'))
      .where('layer_id', '=', id)
      .executeTakeFirstOrThrow()
    return Number(row.n)
  }
  const children = await db
    .selectFrom('layers')
    .select((e) => e.fn.countAll<number>().as('n'))
    .where('parent_id', '=', id)
    .executeTakeFirstOrThrow()
  return {
    drives: await count('drives'),
    playgroundDrives: await count('playground_drives'),
    snapshotDrives: await count('snapshot_drives'),
    images: await count('images'),
    children: Number(children.n),
  }
}

/** Finds sealed layers without references from a drive, playground, snapshot, image or child. Removing one may free its parent. */
export async function unreferencedLayers(db: Db): Promise<LayerRow[]> {
  return db
    .selectFrom('layers')
    .selectAll()
    .where('state', '=', 'sealed')
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('drives').select('drives.layer_id').whereRef('drives.layer_id', '=', 'layers.id'))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('playground_drives as p').select('p.layer_id').whereRef('p.layer_id', '=', 'layers.id'))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('snapshot_drives as s').select('s.layer_id').whereRef('s.layer_id', '=', 'layers.id'))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('images as i').select('i.layer_id').whereRef('i.layer_id', '=', 'layers.id'))),
    )
    .where(({ not, exists, selectFrom }) =>
      not(exists(selectFrom('layers as child').select('child.id').whereRef('child.parent_id', '=', 'layers.id'))),
    )
    .orderBy('created_at')
    .execute()
}

/** Removes a layer's row. Foreign keys refuse this while anything refers to it. The caller removes the file afterwards. */
export async function removeLayer(db: Db, id: string): Promise<void> {
  await db.deleteFrom('layers').where('id', '=', id).execute()
}
