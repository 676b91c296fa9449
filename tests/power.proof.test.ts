import { after, before, describe, test } from 'node:test'
import { median } from '../bench/samples.ts'
import { TestServer } from './harness/server.ts'
import { type CycleFigures, orderlyCycles, powerCutCycles } from './power-cycles.ts'

const cycles = 20

const describeFigures = ({ stop, restart }: CycleFigures) =>
  Object.entries({ stop, restart })
    .filter(([, values]) => values.length > 0)
    .map(
      ([name, values]) =>
        `${name}: ${values.length} times, median ${median(values).toFixed(1)} s, longest ${Math.max(...values).toFixed(1)} s`,
    )
    .join('; ')

describe(`drives through ${cycles} ends of their VM`, { concurrency: false }, () => {
  const server = new TestServer()
  let id = ''
  before(async () => {
    await server.start()
    const { code, stdout, stderr } = await server.ramet(['playground', 'start', 'debian', '-q'], { timeoutMs: 900_000 })
    if (code !== 0) throw new Error(stderr)
    id = stdout.trim()
  })
  after(() => server.dispose())

  test(`${cycles} orderly stops right after unsynced writes lose nothing`, async (t) => {
    t.diagnostic(describeFigures(await orderlyCycles(server, id, cycles)))
  })

  test(`${cycles} times kill -9 of QEMU amid writes lose nothing that was synced`, async (t) => {
    t.diagnostic(describeFigures(await powerCutCycles(server, id, cycles)))
  })
})
