import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runSequences } from './sequences.ts'
import { inMemory } from './world.ts'

test('20,000 steps of people and killed servers: every drive keeps its content and nothing is left over', async (t) => {
  await inMemory()
  const seed = Number(process.env.RAMET_SEED ?? Date.now() % 2 ** 31)
  t.diagnostic(`seed ${seed} (again with RAMET_SEED=${seed})`)
  let total = { steps: 0, crashes: 0 }
  for (let round = 0; total.steps < 20_000; round += 1) {
    const { steps, crashes } = await runSequences({ numRuns: 50, minLength: 10, maxLength: 60, seed: seed + round })
    total = { steps: total.steps + steps, crashes: total.crashes + crashes }
  }
  t.diagnostic(`${total.steps} steps, ${total.crashes} crashes`)
  assert.ok(total.crashes > 500)
})
