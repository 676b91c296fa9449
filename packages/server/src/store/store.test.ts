import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { sql } from 'kysely'
import { type Db, openDatabase, transaction } from './database.ts'
import { findImage, setImage } from './images.ts'
import { nextShortId, openInstallation } from './installation.ts'
import { countReferences, insertBuilding, layerChain, markSealed, removeLayer, unreferencedLayers } from './layers.ts'

async function withFile(body: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-store-'))
  try {
    await body(join(folder, 'ramet.sqlite'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function layer(db: Db, id: string, parentId: string | null = null): Promise<void> {
  await insertBuilding(db, { id, parentId, file: `layers/${id}.qcow2`, sizeBytes: 1024 })
  await markSealed(db, id, { bytes: 512, lengthBytes: 512, modifiedAt: '0' })
}

test('the tables are those of schema.sql', async () => {
  const db = await openDatabase({ file: ':memory:' })
  const { rows } = await sql<{ sql: string }>`
    select sql from sqlite_master where sql is not null and name not like 'kysely_%' order by type desc, name`.execute(db)
  await db.destroy()
  const found = `${rows.map((row) => `${row.sql};`).join('\n')}\n`
  const snapshot = join(import.meta.dirname, 'schema.sql')
  if (process.env.UPDATE_SNAPSHOTS) await writeFile(snapshot, found)
  assert.equal(found, await readFile(snapshot, 'utf8'), 'a released migration was edited, or schema.sql needs UPDATE_SNAPSHOTS=1')
})

test('the store is durable, checks foreign keys, and nobody else may read it', () =>
  withFile(async (file) => {
    const db = await openDatabase({ file })
    const pragma = async (name: string) => Object.values((await sql.raw(`pragma ${name}`).execute(db)).rows[0] as object)[0]
    assert.equal(await pragma('journal_mode'), 'wal')
    assert.equal(await pragma('synchronous'), 2)
    assert.equal(await pragma('foreign_keys'), 1)
    assert.equal((await stat(file)).mode & 0o777, 0o600)
    await assert.rejects(setImage(db, { name: 'x', layerId: 'none', recipe: 'r' }), /FOREIGN KEY/)
    await db.destroy()
  }))

test('what was written is there when the store is opened again, also to read alone beside the writer', () =>
  withFile(async (file) => {
    const db = await openDatabase({ file })
    const { id } = await openInstallation(db)
    const reader = await openDatabase({ file, readOnly: true })
    assert.equal((await openInstallation(reader)).id, id)
    await assert.rejects(reader.deleteFrom('installation').execute(), /readonly/)
    await reader.destroy()
    await db.destroy()
    const again = await openDatabase({ file })
    assert.equal((await openInstallation(again)).id, id)
    assert.match(id, /^[0-9a-f]{4}$/)
    await again.destroy()
  }))

test('a home of a newer version is refused, and left as it is', () =>
  withFile(async (file) => {
    await (await openDatabase({ file })).destroy()
    const raw = new DatabaseSync(file)
    raw.exec("insert into kysely_migration values ('0099-future', '2030-01-01T00:00:00Z')")
    raw.close()
    await assert.rejects(openDatabase({ file }), (error: Error & { code: string; message: string }) => {
      assert.equal(error.code, 'home_too_new')
      assert.match(error.message, /0099-future/)
      assert.match(error.message, /this version knows up to \d{4}-/)
      return true
    })
  }))

test('a file that is no database is reported as damaged', () =>
  withFile(async (file) => {
    await writeFile(file, 'this is not a database, only a few words of text that are long enough')
    await assert.rejects(openDatabase({ file }), { code: 'store_damaged' })
  }))

test('a store that was never migrated cannot be opened to read alone', () =>
  withFile(async (file) => {
    new DatabaseSync(file).close()
    await assert.rejects(openDatabase({ file, readOnly: true }), { code: 'home_too_old' })
  }))

test('transactions wait for one another, and a failed one leaves nothing', async () => {
  const db = await openDatabase({ file: ':memory:' })
  const ids = await Promise.all(Array.from({ length: 20 }, () => nextShortId(db)))
  assert.deepEqual(
    ids.toSorted((a, b) => a - b),
    Array.from({ length: 20 }, (_, i) => i + 1),
  )
  await assert.rejects(
    transaction(db, async (trx) => {
      await layer(trx, 'a')
      throw new Error('stop')
    }),
    /stop/,
  )
  assert.deepEqual(await unreferencedLayers(db), [])
  await db.destroy()
})

test('a chain is listed root first, and only what nothing holds is free to go', async () => {
  const db = await openDatabase({ file: ':memory:' })
  await layer(db, 'root')
  await layer(db, 'middle', 'root')
  await layer(db, 'tip', 'middle')
  assert.deepEqual(
    (await layerChain(db, 'tip')).map(({ id }) => id),
    ['root', 'middle', 'tip'],
  )
  assert.equal((await countReferences(db, 'root')).children, 1)
  await setImage(db, { name: 'debian', layerId: 'tip', recipe: '1' })
  assert.deepEqual(await unreferencedLayers(db), [])
  await setImage(db, { name: 'debian', layerId: 'middle', recipe: '2' })
  assert.equal((await findImage(db, 'debian'))?.layer_id, 'middle')
  assert.deepEqual(
    (await unreferencedLayers(db)).map(({ id }) => id),
    ['tip'],
  )
  await removeLayer(db, 'tip')
  await assert.rejects(removeLayer(db, 'root'), /FOREIGN KEY/)
  await assert.rejects(markSealed(db, 'root', { bytes: 1, lengthBytes: 1, modifiedAt: '0' }), { code: 'layer_not_building' })
  await db.destroy()
})
