import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { defaultUids, leasedUids } from './run-uids.ts'

async function world(count: number) {
  const folder = await mkdtemp(join(tmpdir(), 'uids-'))
  const range = { first: 1_900_000_000, count }
  return {
    folder,
    uids: leasedUids('aaaa', { range, folder }),
    others: leasedUids('bbbb', { range, folder }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
const runId = (number: number) => number.toString(16).padStart(24, '0')

test('many runs of two servers at once never share a user', async () => {
  await using w = await world(64)
  const taken = await Promise.all(Array.from({ length: 60 }, (_, at) => (at % 2 ? w.uids : w.others).take(runId(at))))
  assert.equal(new Set(taken).size, 60)
  assert.ok(taken.every((uid) => uid >= 1_900_000_000 && uid < 1_900_000_064))
  assert.equal((await w.uids.holders()).size, 30)
})

test('machines of a run that start at once get the run’s one user', async () => {
  await using w = await world(64)
  const taken = await Promise.all(Array.from({ length: 20 }, () => w.uids.take(runId(1))))
  assert.equal(new Set(taken).size, 1)
  assert.equal((await readdir(w.folder)).length, 1)
})

test('a released user can be taken again, another server’s cannot, and an empty range says so', async () => {
  await using w = await world(2)
  const mine = await w.uids.take(runId(1))
  const other = await w.others.take(runId(2))
  await assert.rejects(w.uids.take(runId(3)), { code: 'uids_exhausted' })
  await w.uids.release(runId(2))
  await assert.rejects(w.uids.take(runId(3)), { code: 'uids_exhausted' })
  await w.uids.release(runId(1))
  assert.equal(await w.uids.take(runId(3)), mine)
  assert.notEqual(mine, other)
})

test('the range is nobody else’s', () => {
  const last = defaultUids.first + defaultUids.count - 1
  assert.ok(defaultUids.first > 1_879_048_191 && last < 2_147_352_576)
})
