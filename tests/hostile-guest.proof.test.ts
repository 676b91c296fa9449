import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { kernelTables, settledCommand } from '@ramet/engine/testing'
import { finish } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'
import { milliseconds, quantile, times } from './harness/timing.ts'
import { letLoose, mustBeWithinBounds, namespaceOf, oneBox, watchTables } from './hostile-guest.ts'

/** What must hold while a guest sends all that it can, by every way that leads out of it. */
const apiWithinMs = 250
const neighbourTimes = 2
const seconds = 300
/** RFC 5737's. */
const anywhere = '198.51.100.128/25'

const manifest = oneBox('Hostile')

describe('a hostile guest', { concurrency: false }, () => {
  const server = new TestServer()
  /** Stands for the rest of the world: nothing that is sent leaves this host. */
  let world = ''
  const wire = 'rthost0'
  let [hostile, neighbour] = ['', '']

  before(async () => {
    await server.start()
    world = `rmt${(await (await server.client()).health()).installation}h`
    await finish(['ip', 'netns', 'add', world])
    await finish(['ip', 'link', 'add', 'dev', wire, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', world])
    await finish(['ip', '-batch', '-'], {
      stdin: `address add 203.0.113.21/30 dev ${wire}\nlink set dev ${wire} up\nroute add ${anywhere} dev ${wire}\n`,
    })
    await finish(['ip', '-n', world, '-batch', '-'], { stdin: 'address add 203.0.113.22/30 dev eth0\nlink set dev eth0 up\n' })
    const file = join(server.home, 'hostile.yaml')
    await writeFile(file, manifest)
    const name = (await server.ok('playground', 'create', 'hostile', '-b', 'flexbox', '-f', file, '-q')).trim()
    const started = await Promise.all([1, 2].map(() => server.ramet(['playground', 'start', name, '-q'], { timeoutMs: 900_000 })))
    for (const { code, stderr } of started) assert.equal(code, 0, stderr)
    ;[hostile = '', neighbour = ''] = started.map(({ stdout }) => stdout.trim())
    for (const id of [hostile, neighbour]) await server.ramet(['ssh', id, '--', settledCommand(120)])
  })
  after(async () => {
    await finish(['ip', 'link', 'delete', 'dev', wire])
    await finish(['ip', 'netns', 'delete', world])
    await server.dispose()
  })

  async function commandsOfNeighbour(forMs: number): Promise<number[]> {
    const client = await server.client()
    return times(async () => {
      const stream = client.exec(neighbour, 'box', { command: 'echo here', user: 'root' })
      stream.onOutput(() => {})
      assert.equal((await stream.exit).code, 0)
    }, forMs)
  }

  test('fills no table of the kernel, holds up no request and no neighbour, for five minutes', async (t) => {
    const client = await server.client()
    const quiet = quantile(await commandsOfNeighbour(15_000), 0.5)
    const namespace = await namespaceOf((await client.plays.get(hostile)).machines[0]?.hostAddress ?? '')
    const hostBefore = await kernelTables(undefined, wire)
    await letLoose(server, hostile, 'box', seconds, anywhere)
    const forMs = seconds * 1000
    const [fullest, api, near] = await Promise.all([
      watchTables(namespace, wire, forMs),
      times(() => client.plays.list(), forMs, 10),
      commandsOfNeighbour(forMs),
    ])
    const [p99, command] = [quantile(api, 0.99), quantile(near, 0.5)]
    t.diagnostic(JSON.stringify({ ...fullest, hostBefore }))
    const figures = `API p50 ${quantile(api, 0.5).toFixed(0)} ms, p99 ${p99.toFixed(0)} ms; a neighbour's command ${command.toFixed(0)} ms, quiet ${quiet.toFixed(0)} ms`
    t.diagnostic(figures)
    mustBeWithinBounds(fullest, hostBefore)
    assert.ok(p99 < apiWithinMs, figures)
    assert.ok(command <= neighbourTimes * quiet, figures)
  })

  test('and is destroyed at once', async () => {
    const took = await milliseconds(() => server.ok('playground', 'destroy', hostile, '-q'))
    assert.ok(took < 30_000, `${took} ms`)
  })
})
