import { after, before, test } from 'node:test'
import { fuzzApi } from './api-fuzz/fuzz-api.ts'
import { fuzzMcp } from './frame-fuzz/fuzz-mcp.ts'
import { allPlacesFree, fuzzSockets } from './frame-fuzz/fuzz-sockets.ts'
import { TestServer } from './harness/server.ts'

const requests = 1000
const frames = 160
const places = 30
/** Bounds what the requests that are taken leave running here. */
const limits = `runs=40,runs-on=4,playgrounds=40,sockets=${places}`
const seed = Number(process.env.RAMET_FUZZ_SEED ?? 20_261_129)
const shown = (counts: ReadonlyMap<string | number, number>) => [...counts].map(([what, count]) => `${what}: ${count}`).join(', ')

const server = new TestServer({ fake: true })
before(() => server.start({ RAMET_LIMITS: limits, RAMET_MEMORY: '16TiB' }))
after(() => server.dispose())

test(`${frames} talks over websockets and ${frames} messages to /mcp, right ones with faults in them: no fault, no hang, nothing changed, all places given back`, {
  timeout: 120_000,
}, async (t) => {
  const { id } = await (await server.client()).plays.start({ playground: 'debian' })
  await server.reached(id, 'RUNNING')
  t.diagnostic(shown(await fuzzSockets(server, id, { cases: frames, seed })))
  t.diagnostic(shown(await fuzzMcp(server, id, { cases: frames, seed })))
  await allPlacesFree(server, id, places)
  await (await server.client()).plays.destroy(id)
})

test(`${requests} requests made by chance from the OpenAPI document: no fault, no hang, and nothing is changed by a refused one`, {
  timeout: 120_000,
}, async (t) => {
  const { counts } = await fuzzApi(server, requests, seed)
  t.diagnostic(shown(counts))
})
