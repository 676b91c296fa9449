import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { inMachine } from './harness/in-machine.ts'
import { TestServer } from './harness/server.ts'

const server = new TestServer({ fake: true })
before(() => server.start())
after(() => server.dispose())

test('a command is taken by a server that has just started, before it has found its machines again', async () => {
  const ids: string[] = []
  for (let count = 0; count < 5; count += 1) ids.push((await server.ok('playground', 'start', 'debian', '-q')).trim())
  for (let restarts = 0; restarts < 3; restarts += 1) {
    await server.restart()
    // The one that is looked for last, and all others, at once.
    const said = await Promise.all(ids.toReversed().map((id) => inMachine(server, id, 'debian', 'echo here')))
    assert.deepEqual(new Set(said), new Set(['here']))
  }
})
