import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { sql } from 'kysely'
import { accountConformance } from '../testing/store/account-conformance.ts'
import { allowanceConformance } from '../testing/store/allowance-conformance.ts'
import { storeConformance } from '../testing/store/conformance.ts'
import { freshSqlite } from '../testing/store/fresh-store.ts'
import { groupConformance } from '../testing/store/group-conformance.ts'
import { listConformance } from '../testing/store/list-conformance.ts'
import { raceConformance } from '../testing/store/race-conformance.ts'
import { storageConformance } from '../testing/store/storage-conformance.ts'
import { type Db, openDatabase, readTransaction, transaction } from './database.ts'
import { setImage } from './images.ts'
import { openInstallation } from './installation.ts'
import { insertBuilding } from './layers.ts'

storeConformance('SQLite', freshSqlite)
accountConformance('SQLite', freshSqlite)
groupConformance('SQLite', freshSqlite)
allowanceConformance('SQLite', freshSqlite)
raceConformance('SQLite', freshSqlite)
listConformance('SQLite', freshSqlite)
storageConformance('SQLite', freshSqlite)

async function withFile(body: (file: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'ramet-store-'))
  try {
    await body(join(folder, 'ramet.sqlite'))
  } finally {
    await rm(folder, { recursive: true })
  }
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

test('while the disk lets no write through, what only reads is answered', () =>
  withFile(async (file) => {
    const db = await openDatabase({ file })
    const { id } = await openInstallation(db)
    const blocker = new DatabaseSync(file)
    blocker.exec('begin immediate')
    let isWritten = false
    const write = writeLayer(db).then(() => {
      isWritten = true
    })
    for (let i = 0; i < 100; i += 1) assert.equal((await db.selectFrom('installation').selectAll().execute())[0]?.id, id)
    const ofOneMoment = await readTransaction(db, (trx) => trx.selectFrom('installation').selectAll().execute())
    assert.equal(ofOneMoment[0]?.id, id)
    assert.equal(isWritten, false)
    blocker.exec('rollback')
    blocker.close()
    await write
    await db.destroy()
  }))

const writeLayer = (db: Db) => transaction(db, (trx) => insertBuilding(trx, { id: 'a', parentId: null, file: 'a', sizeBytes: 1 }))
