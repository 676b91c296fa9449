import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { Claims } from './claims.ts'

async function world(t: { after(work: () => Promise<void>): void }) {
  const folder = await mkdtemp(join(tmpdir(), 'claims-'))
  t.after(() => rm(folder, { recursive: true }))
  return { folder, claims: new Claims(folder, /^\d+$/) }
}
const mine = { name: '7', installation: 'aaaa', runId: 'run' }

test('what a run holds is what its file says now, though files are read once', async (t) => {
  const { folder, claims } = await world(t)
  assert.ok(await claims.claim(mine))
  assert.equal(await claims.claim(mine), false)
  assert.deepEqual(await claims.of('aaaa', 'run'), mine)
  await writeFile(join(folder, '7'), 'bbbb other\n')
  assert.equal(await claims.of('aaaa', 'run'), undefined)
  assert.deepEqual(await claims.list(), [{ name: '7', installation: 'bbbb', runId: 'other' }])
  await rm(join(folder, '7'))
  assert.deepEqual(await claims.list(), [])
})

test('what others claim and release is seen, and what is released can be claimed anew', async (t) => {
  const { folder, claims } = await world(t)
  const others = new Claims(folder, /^\d+$/)
  await others.claim({ name: '1', installation: 'bbbb', runId: 'a' })
  assert.equal((await claims.list()).length, 1)
  await others.release('bbbb', 'a')
  assert.deepEqual(await claims.list(), [])
  assert.ok(await claims.claim(mine))
  await claims.release('aaaa', 'run')
  assert.deepEqual(await others.list(), [])
  assert.ok(await others.claim({ ...mine, installation: 'bbbb' }))
  assert.equal(await claims.of('aaaa', 'run'), undefined)
})
