import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { leftovers } from './harness/leftovers.ts'
import { TestServer } from './harness/server.ts'
import { manyRuns } from './many-runs.ts'

describe('ten runs at once', { concurrency: false }, () => {
  const server = new TestServer()
  before(() => server.start())
  after(() => server.dispose())

  const seconds = (figures: object) =>
    Object.entries(figures)
      .map(([name, value]) => `${name} ${value.toFixed(1)} s`)
      .join(', ')

  test('are started, stopped, restarted and destroyed without an error, and nothing of them is left', async (t) => {
    // The first start may have to build the image.
    await manyRuns(server, 1)
    t.diagnostic(`one: ${seconds(await manyRuns(server, 1))}`)
    t.diagnostic(`ten: ${seconds(await manyRuns(server, 10))}`)
    const { installation } = await (await server.client()).health()
    assert.deepEqual(await leftovers(installation, server.home), [])
    await server.inOrder()
  })
})
