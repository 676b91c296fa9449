import assert from 'node:assert/strict'
import { test } from 'node:test'
import { writeFakeDrive } from '@ramet/engine/testing'
import type { KyselyPlugin } from 'kysely'
import { now, transaction } from '../../store/database.ts'
import { insertSnapshot } from '../../store/snapshots.ts'
import { TestHome } from '../../testing/test-home.ts'
import { sealDrives } from '../layers/seal.ts'
import { storageService } from './storage-service.ts'

const user = { id: 'u', name: 'ann' }

test('what rests is what runs that are off and saved playgrounds hold; what images hold is nobody’s', async () => {
  await using home = await TestHome.make()
  await home.addLayer('base')
  const id = await home.addRun('STOPPED', ['base'])
  await home.makeOverlays(id)
  const [drive] = await home.drives(id)
  assert.ok(drive)
  await writeFakeDrive((await home.chain(drive))[0] ?? '', 1, 1)
  const { usage, quota } = storageService({ db: home.db, storage: home.tools.storage, quotaBytes: 1 })
  await assert.rejects(quota.check(user), { code: 'quota_exceeded', status: 409 })
  const before = (await usage(user)).quota.usedBytes
  await sealDrives(home.tools, id)
  assert.equal((await usage(user)).quota.usedBytes, before, 'a seal moves bytes, and makes none')
})

test('the quota is asked again in the transaction that writes: what another one wrote meanwhile counts', async () => {
  await using home = await TestHome.make()
  await home.addLayer('base')
  const id = await home.addRun('STOPPED', ['base'])
  const limit =
    (await storageService({ db: home.db, storage: home.tools.storage, quotaBytes: 0 }).usage(user)).quota.usedBytes + 1
  const { quota } = storageService({ db: home.db, storage: home.tools.storage, quotaBytes: limit })
  await quota.check(user)
  const snapshot = { id: 's', kind: 'stop', runId: id, at: now(), stamp: '{}', bytes: 100, machines: [] } as const
  await transaction(home.db, async (trx) => {
    await insertSnapshot(trx, snapshot)
    await trx.updateTable('runs').set({ resume_from: 's' }).where('id', '=', id).execute()
  })
  await assert.rejects(
    transaction(home.db, (trx) => quota.checkWithin(trx, user)),
    { code: 'quota_exceeded' },
  )
})

test('a copy in a home that has room costs the same few queries, however much is on record', async () => {
  await using home = await TestHome.make()
  await home.addLayer('base')
  const id = await home.addRun('STOPPED', ['base'])
  await home.makeOverlays(id)
  const asked: string[] = []
  const counting: KyselyPlugin = {
    transformQuery({ node }) {
      asked.push(node.kind)
      return node
    },
    transformResult: async ({ result }) => result,
  }
  const { quota } = storageService({
    db: home.db.withPlugin(counting),
    storage: home.tools.storage,
    quotaBytes: 1024 ** 4,
  })
  await quota.check(user)
  // What is used, in two, and what the user may use, of her own and of her groups.
  assert.deepEqual(asked, Array(4).fill('SelectQueryNode'))
})
