import assert from 'node:assert/strict'
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { parsePrefix } from './ipv4.ts'
import { Leases, type UsedPrefix } from './lease.ts'

async function world(pool: string, used: UsedPrefix[] = []) {
  const folder = await mkdtemp(join(tmpdir(), 'leases-'))
  return {
    folder,
    leases: new Leases({ pool, folder, used: async () => used }),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}
const runId = (number: number) => number.toString(16).padStart(24, '0')

test('many runs of two servers at once never share a lease', async () => {
  await using w = await world('198.18.0.0/22')
  const other = new Leases({ pool: '198.18.0.0/22', folder: w.folder, used: async () => [] })
  const taken = await Promise.all(
    Array.from({ length: 60 }, (_, at) => (at % 2 ? w.leases : other).take(at % 2 ? 'aaaa' : 'bbbb', runId(at))),
  )
  assert.equal(new Set(taken).size, 60)
  assert.equal((await w.leases.holders('aaaa')).length, 30)
})

test('a run that asks again gets what it has, and after release what it prefers', async () => {
  await using w = await world('198.18.0.0/24')
  const lease = await w.leases.take('aaaa', runId(1))
  assert.equal(await w.leases.take('aaaa', runId(1)), lease)
  await w.leases.release('aaaa', runId(1))
  assert.deepEqual(await w.leases.holders('aaaa'), [])
  assert.equal(await w.leases.take('aaaa', runId(2), lease), lease)
  assert.notEqual(await w.leases.take('aaaa', runId(1), lease), lease)
})

test('what the host uses is left alone, and a full pool says so', async () => {
  await using w = await world('198.18.0.0/27', [{ ...parsePrefix('198.18.0.5/32'), device: 'eth0' }])
  assert.equal(await w.leases.take('aaaa', runId(1)), '198.18.0.16/28')
  await assert.rejects(w.leases.take('aaaa', runId(2)), { code: 'pool_exhausted' })
})

test('a preferred lease that is still routed to our own run is taken again, one routed elsewhere is not', async () => {
  const lease = '198.18.0.16/28'
  await using mine = await world('198.18.0.0/26', [{ ...parsePrefix(lease), device: 'raaaa-1' }])
  assert.equal(await mine.leases.take('aaaa', runId(1), lease), lease)
  await using foreign = await world('198.18.0.0/26', [{ ...parsePrefix(lease), device: 'rbbbb-1' }])
  assert.notEqual(await foreign.leases.take('aaaa', runId(1), lease), lease)
})

test("another installation's claim is never removed, and nothing temporary stays", async () => {
  await using w = await world('198.18.0.0/26')
  await writeFile(join(w.folder, '198.18.0.0'), 'dead 000\n')
  await w.leases.take('aaaa', runId(1))
  await w.leases.release('aaaa', runId(1))
  await w.leases.release('aaaa', '000')
  assert.deepEqual(await readdir(w.folder), ['198.18.0.0'])
})
