import assert from 'node:assert/strict'
import { randomInt } from 'node:crypto'
import { after, before, test } from 'node:test'
import { fuzzMcp } from './frame-fuzz/fuzz-mcp.ts'
import { allPlacesFree, fuzzSockets, residentBytes } from './frame-fuzz/fuzz-sockets.ts'
import { TestServer } from './harness/server.ts'

const cases = Number(process.env.RAMET_FUZZ_FRAMES ?? 6000)
const seed = Number(process.env.RAMET_FUZZ_SEED ?? randomInt(2 ** 31))
const places = 40
/** A megabyte a message, eight at once, and what the collector has not taken yet. */
const mostGrownBytes = 150 * 1024 ** 2

const server = new TestServer({ fake: true })
let id = ''
before(async () => {
  await server.start({ RAMET_LIMITS: `sockets=${places}` })
  id = (await (await server.client()).plays.start({ playground: 'debian' })).id
  await server.reached(id, 'RUNNING')
})
after(() => server.dispose())

for (const [what, fuzz] of Object.entries({ 'talks over websockets': fuzzSockets, 'messages to /mcp': fuzzMcp }))
  test(`${cases} ${what}, right ones with faults in them: no fault, no hang, nothing changed, memory bounded`, {
    timeout: 3_600_000,
  }, async (t) => {
    t.diagnostic(`seed ${seed}`)
    let before: number | undefined
    const counts = await fuzz(server, id, {
      cases,
      seed,
      async progress(done) {
        const bytes = await residentBytes(server)
        // What is loaded once is loaded by then.
        before ??= bytes
        if (done % 1000 < 200) t.diagnostic(`${done} of ${cases}, ${Math.round(bytes / 1024 ** 2)} MiB`)
        assert.ok(bytes < before + mostGrownBytes, `the server grew from ${before} to ${bytes} bytes`)
      },
    })
    t.diagnostic([...counts].map(([outcome, count]) => `${outcome}: ${count}`).join(', '))
    await allPlacesFree(server, id, places)
  })
