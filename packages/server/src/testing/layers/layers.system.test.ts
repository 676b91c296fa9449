import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSequences } from './sequences.ts'
import { inMemory } from './world.ts'

test('whatever people do and wherever servers are killed, every drive keeps its content and nothing is left over', async (t) => {
  await inMemory()
  const seed = Number(process.env.RAMET_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed} (again with RAMET_SEED=${seed})`)
  const { steps, crashes } = await runSequences({ numRuns: 200, minLength: 5, maxLength: 30, seed })
  t.diagnostic(`${steps} steps, ${crashes} crashes`)
  assert.ok(crashes > 20, `${crashes} crashes are too few to mean anything`)
})
