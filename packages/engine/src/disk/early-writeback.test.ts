import assert from 'node:assert/strict'
import type { FileHandle } from 'node:fs/promises'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { EarlyWriteback, writtenBackMeanwhile } from './early-writeback.ts'

const folder = await mkdtemp(join(tmpdir(), 'writeback-'))
after(() => rm(folder, { recursive: true }))

test('a failure on the way is told at the end, although the kernel tells it no second time', async () => {
  let synced = 0
  const file = {
    datasync: () => Promise.reject(new Error('EIO')),
    sync: async () => {
      synced += 1
    },
  } as FileHandle
  const writeback = new EarlyWriteback(file)
  writeback.add(1)
  await writeback.end()
  assert.equal(synced, 1)
  writeback.add(2 ** 30)
  await writeback.settled()
  await assert.rejects(writeback.end(), /EIO/)
})

test('work that fills a file is waited for, whether it succeeds, fails, or its file cannot be opened', async () => {
  const file = join(folder, 'file')
  await writeFile(file, 'x')
  const { promise, resolve } = Promise.withResolvers<number>()
  const done = writtenBackMeanwhile(file, promise)
  resolve(7)
  assert.equal(await done, 7)
  await assert.rejects(writtenBackMeanwhile(file, Promise.reject(new Error('no room'))), /no room/)
  let isOver = false
  const late = Promise.withResolvers<void>()
  const failed = writtenBackMeanwhile(
    join(folder, 'absent'),
    late.promise.finally(() => {
      isOver = true
    }),
  )
  failed.catch(() => {})
  late.resolve()
  await assert.rejects(failed, { code: 'ENOENT' })
  assert.ok(isOver)
})
