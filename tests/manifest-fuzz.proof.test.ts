import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { manifestsByChance, startWhatIsTaken } from './fuzz-starts.ts'
import { TestServer } from './harness/server.ts'

const count = Number(process.env.RAMET_FUZZ_RUNS ?? 10_000)
const seed = Number(process.env.RAMET_FUZZ_SEED ?? Date.now() % 1_000_000)

const server = new TestServer({ fake: true })
before(() => server.start({ RAMET_LIMITS: 'manifest-checks=100', RAMET_MEMORY: '16TiB' }))
after(() => server.dispose())

test('of manifests made by chance each that is taken starts, and each that is refused is told with its place', async (t) => {
  const texts = manifestsByChance(count, seed)
  let told = 0
  const { taken, refused, started } = await startWhatIsTaken(server, texts, Number.POSITIVE_INFINITY, (now) => {
    if (now.taken + now.refused < told + 500) return
    told += 500
    // Diagnostics come at the end, and this takes long.
    console.log(`${told} of ${count}: ${now.taken} taken, ${now.started} started; seed ${seed}`)
  })
  t.diagnostic(`${taken} of ${taken + refused} are taken, ${started} started; seed ${seed}`)
  assert.equal(started, taken)
  assert.ok(taken > count / 10 && refused > count / 10)
})
