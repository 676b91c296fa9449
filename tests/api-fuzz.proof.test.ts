import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, before, test } from 'node:test'
import { fuzzApi } from './api-fuzz/fuzz-api.ts'
import { TestServer } from './harness/server.ts'

const requests = Number(process.env.RAMET_FUZZ_REQUESTS ?? 20_000)
const server = new TestServer({ fake: true })
before(() => server.start({ RAMET_LIMITS: 'runs=60,runs-on=6,playgrounds=60', RAMET_MEMORY: '16TiB' }))
after(() => server.dispose())

test('requests made by chance from the OpenAPI document: no fault, no hang, and nothing is changed by a refused one', {
  timeout: 1_800_000,
}, async (t) => {
  const seed = Number(process.env.RAMET_FUZZ_SEED ?? randomInt(2 ** 31))
  t.diagnostic(`seed ${seed}`)
  const { counts } = await fuzzApi(server, requests, seed)
  t.diagnostic([...counts].map(([status, count]) => `${status}: ${count}`).join(', '))
  assert.ok((counts.get(200) ?? 0) > requests / 20, 'enough of them were taken')
})
