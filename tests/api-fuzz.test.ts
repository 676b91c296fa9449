import { after, before, test } from 'node:test'
import { fuzzApi } from './api-fuzz/fuzz-api.ts'
import { TestServer } from './harness/server.ts'

const requests = 1000
/** Bounds what the requests that are taken leave running here. */
const limits = 'runs=40,runs-on=4,playgrounds=40'

const server = new TestServer({ fake: true })
before(() => server.start({ RAMET_LIMITS: limits, RAMET_MEMORY: '16TiB' }))
after(() => server.dispose())

test(`${requests} requests made by chance from the OpenAPI document: no fault, no hang, and nothing is changed by a refused one`, {
  timeout: 120_000,
}, async (t) => {
  const seed = Number(process.env.RAMET_FUZZ_SEED ?? 20_261_129)
  const { counts } = await fuzzApi(server, requests, seed)
  t.diagnostic([...counts].map(([status, count]) => `${status}: ${count}`).join(', '))
})
