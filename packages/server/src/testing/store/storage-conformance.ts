import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { readFakeChain, writeFakeDrive } from '@ramet/engine/testing'
import { collectLayers } from '../../storage/layers/collect.ts'
import { sealDrives } from '../../storage/layers/seal.ts'
import { shortenOnce } from '../../storage/layers/shorten.ts'
import { collectSnapshots } from '../../storage/snapshots/collect.ts'
import { doJob, nextJob } from '../../storage/snapshots/resting-memory.ts'
import { storageService } from '../../storage/usage/storage-service.ts'
import { now, transaction } from '../../store/database.ts'
import { insertSnapshot } from '../../store/snapshots.ts'
import { stoppedWithMemory } from '../stopped-with-memory.ts'
import { TestHome } from '../test-home.ts'
import type { FreshStore, MakeStore } from './fresh-store.ts'

const user = { id: 'u', name: 'ann' }

/** What rows and files of layers and snapshots must do together, whatever store the rows are in. Called once a kind, beside `storeConformance`. */
export function storageConformance(kind: string, make: MakeStore): void {
  const it = (title: string, body: (home: TestHome, store: FreshStore) => Promise<void>) =>
    test(`${kind}: ${title}`, async () => {
      await using store = await make()
      await using home = await TestHome.make(undefined, undefined, { open: () => store.open() })
      await body(home, store)
    })

  it('overlays are sealed, chains shortened and layers collected, and fsck finds nothing', async (home) => {
    await home.addLayer('base')
    const id = await home.addRun('STOPPED', ['base'])
    for (const byte of [1, 2, 3]) {
      await home.makeOverlays(id)
      const [drive] = await home.drives(id)
      await writeFakeDrive((drive && (await home.chain(drive))[0]) ?? '', 0, byte)
      await sealDrives(home.tools, id)
    }
    while ((await shortenOnce(home.tools, { bound: 2 })) === 'shorter');
    const [drive] = await home.drives(id)
    assert.ok(drive)
    const chain = await home.chain(drive)
    assert.deepEqual([chain.length, await readFakeChain(chain, 0)], [2, 3])
    assert.deepEqual(await home.fsck(), [])
    await home.db.deleteFrom('drives').execute()
    await collectLayers(home.tools)
    assert.deepEqual(await readdir(join(home.home, 'layers')), [])
    assert.deepEqual(await home.fsck(), [])
  })

  it('a server killed in the middle of a seal leaves nothing once the next one has reclaimed', async (home) => {
    const id = await home.addRun('STOPPED', [null])
    await home.makeOverlays(id)
    const [drive] = await home.drives(id)
    await writeFakeDrive((drive && (await home.chain(drive))[0]) ?? '', 0, 1)
    home.crashAfter = 'seal/link-overlays'
    await assert.rejects(sealDrives(home.tools, id), /crash/)
    await home.reclaim()
    assert.deepEqual(await readdir(join(home.home, 'layers')), [])
    assert.deepEqual(await home.fsck(), [])
  })

  it('memory that rests gets its digest, and goes with its snapshot', async (home) => {
    await stoppedWithMemory(home)
    const job = await nextJob(home.tools, undefined, () => false)
    assert.ok(job && 'kind' in job)
    await doJob(home.tools, job, new AbortController().signal)
    assert.deepEqual(await home.fsck({ allMemory: true }), [])
    await home.db.updateTable('runs').set({ resume_from: null }).execute()
    await collectSnapshots(home.tools)
    assert.deepEqual(await home.fsck(), [])
  })

  it('of eight handles that write at once no more get in than the quota has room for', async (home, store) => {
    const handles = await Promise.all(Array.from({ length: 8 }, () => store.open()))
    const { quota } = storageService({ db: home.db, storage: home.tools.storage, quotaBytes: 300 })
    const write = async (index: number) => {
      const id = await home.addRun('STOPPED', [null])
      await transaction(handles[index] ?? home.db, async (trx) => {
        await quota.checkWithin(trx, user)
        await insertSnapshot(trx, {
          id: `s${index}`,
          kind: 'stop',
          runId: id,
          at: now(),
          stamp: '{}',
          bytes: 100,
          machines: [],
        })
        await trx
          .updateTable('runs')
          .set({ resume_from: `s${index}` })
          .where('id', '=', id)
          .execute()
      })
    }
    const outcomes = await Promise.allSettled(handles.map((_, index) => write(index)))
    const refused = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []))
    assert.deepEqual(refused, Array(5).fill('quota_exceeded'))
  })
}
