import assert from 'node:assert/strict'
import { test } from 'node:test'
import { taskStatus } from '@ramet/model/run/task-state.ts'
import { sql } from 'kysely'
import { openDatabase, readTransaction, transaction } from '../../store/database.ts'
import { findImage, setImage } from '../../store/images.ts'
import { openInstallation } from '../../store/installation.ts'
import {
  countReferences,
  findLayer,
  insertBuilding,
  layerChain,
  markSealed,
  removeLayer,
  unreferencedLayers,
} from '../../store/layers.ts'
import { changeTask, insertTasks, listTasks } from '../../store/tasks.ts'
import { openOwner } from '../../store/users.ts'
import type { MakeStore } from './fresh-store.ts'
import { idsOf, layer, race, sealed, testsOf, valuesOf, world } from './store-world.ts'

/** What every store must do, whatever is behind it. Called once a kind, from that kind’s own test file, beside `raceConformance` and `listConformance`. */
export function storeConformance(kind: string, make: MakeStore): void {
  const it = testsOf(kind, make)

  it('what was written is read at once, by this handle and by others', async (db, open) => {
    const other = await open()
    for (const id of ['a', 'b', 'c']) {
      await layer(db, id)
      assert.equal((await findLayer(db, id))?.state, 'sealed')
      assert.equal((await findLayer(other, id))?.state, 'sealed')
    }
    await transaction(db, (trx) => layer(trx, 'd'))
    assert.equal((await findLayer(db, 'd'))?.state, 'sealed')
  })

  it('the installation is one, whoever opens it first', async (_, open) => {
    const made = valuesOf(await race(open, 1, openInstallation))
    assert.equal(new Set(made.map(({ id }) => id)).size, 1)
    assert.match(made[0]?.id ?? '', /^[0-9a-f]{4}$/)
  })

  it('the owner is one, whoever opens it first', async (_, open) => {
    const made = valuesOf(await race(open, 1, openOwner))
    assert.equal(new Set(made.map(({ id }) => id)).size, 1)
  })

  it('a transaction that fails leaves nothing, also when the store refused a statement of it', async (db) => {
    const stopped = transaction(db, async (trx) => {
      await layer(trx, 'a')
      throw new Error('stop')
    })
    await assert.rejects(stopped, /stop/)
    const refused = transaction(db, async (trx) => {
      await layer(trx, 'a')
      await setImage(trx, { name: 'x', layerId: 'none', recipe: 'r' })
    })
    await assert.rejects(refused, /foreign key/i)
    assert.equal(await findLayer(db, 'a'), undefined)
    await layer(db, 'a')
  })

  it('a transaction sees what it wrote, and nobody else does before it ends', async (db, open) => {
    const other = await open()
    await transaction(db, async (trx) => {
      await layer(trx, 'a')
      assert.equal((await findLayer(trx, 'a'))?.id, 'a')
      assert.equal(await findLayer(other, 'a'), undefined)
    })
    assert.equal((await findLayer(other, 'a'))?.id, 'a')
  })

  it('reads that belong together are of one moment, and what is written meanwhile is read outside of them', async (db) => {
    await layer(db, 'a')
    await readTransaction(db, async (trx) => {
      assert.equal((await unreferencedLayers(trx)).length, 1)
      await layer(db, 'b')
      assert.equal((await unreferencedLayers(trx)).length, 1)
      assert.equal((await unreferencedLayers(db)).length, 2)
      await assert.rejects(layer(trx, 'c'), /read-?only/i)
    }).catch((error) => {
      // A refused statement spoils the whole transaction of PostgreSQL; nothing more was to be done in it.
      if (!/failed/.test(String(error))) throw error
    })
  })

  it('sizes and counts are numbers, far above 32 bits', async (db) => {
    const sizeBytes = 2 ** 45 + 1
    await insertBuilding(db, { id: 'big', parentId: null, file: 'layers/big.qcow2', sizeBytes })
    assert.equal((await findLayer(db, 'big'))?.size_bytes, sizeBytes)
    await layer(db, 'child', 'big')
    assert.equal((await countReferences(db, 'big')).children, 1)
  })

  it('what programs print is kept, zero characters and half characters included', async (db) => {
    const { runId } = await world(db)
    await insertTasks(db, runId, [{ name: 't' }])
    const output = 'zero \0, half \uD83D, whole \u{1F600}, \u001b[31mred'
    await changeTask(db, runId, 't', [taskStatus.created], { status: taskStatus.completed, stdout: output })
    const stored = (await listTasks(db, runId))[0]?.stdout ?? ''
    assert.match(stored, /^zero ., half .+, whole \u{1F600}, \u001b\[31mred$/su)
  })

  it('a chain is listed root first, and only what nothing holds is free to go', async (db) => {
    await layer(db, 'root')
    await layer(db, 'middle', 'root')
    await layer(db, 'tip', 'middle')
    assert.deepEqual(idsOf(await layerChain(db, 'tip')), ['root', 'middle', 'tip'])
    assert.equal((await countReferences(db, 'root')).children, 1)
    await setImage(db, { name: 'debian', layerId: 'tip', recipe: '1' })
    assert.deepEqual(await unreferencedLayers(db), [])
    await setImage(db, { name: 'debian', layerId: 'middle', recipe: '2' })
    assert.equal((await findImage(db, 'debian'))?.layer_id, 'middle')
    assert.deepEqual(idsOf(await unreferencedLayers(db)), ['tip'])
    await removeLayer(db, 'tip')
    await assert.rejects(removeLayer(db, 'root'), /foreign key/i)
    await assert.rejects(markSealed(db, 'root', sealed), { code: 'layer_not_building' })
  })

  it('closing waits for the transaction that has begun', async (_, open) => {
    const handle = await open()
    let hasEnded = false
    const work = transaction(handle, async (trx) => {
      await layer(trx, 'late')
      for (let i = 0; i < 50; i += 1) await findLayer(trx, 'late')
      hasEnded = true
    })
    await findLayer(handle, 'x')
    await handle.destroy()
    await work
    assert.ok(hasEnded)
  })

  test(`${kind}: a store of a newer version is refused and left as it is`, async () => {
    await using store = await make()
    const db = await store.open()
    await sql`insert into kysely_migration (name, timestamp) values ('0099-future', '2030-01-01T00:00:00Z')`.execute(db)
    for (const readOnly of [true, false]) {
      await assert.rejects(openDatabase({ ...store.address, readOnly }), (error: Error & { code: string }) => {
        assert.equal(error.code, 'home_too_new')
        assert.match(error.message, /0099-future/)
        assert.match(error.message, /this version knows up to \d{4}-/)
        return true
      })
    }
  })

  test(`${kind}: one that is opened to read alone beside the server writes nothing and sees what is written`, async () => {
    await using store = await make()
    const db = await store.open()
    const reader = await openDatabase({ ...store.address, readOnly: true })
    const { id } = await openInstallation(db)
    assert.equal((await openInstallation(reader)).id, id)
    await assert.rejects(reader.deleteFrom('installation').execute(), /read-?only/i)
    await reader.destroy()
  })
}
