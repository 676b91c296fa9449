import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { checkedPlaygrounds, liveThrough } from './catalogue-life.ts'
import { leftovers } from './harness/leftovers.ts'
import { TestServer } from './harness/server.ts'

/** Every playground of the catalogue that needs no registry. Builds the images that are not there yet. */
describe('the offline catalogue', { concurrency: false }, () => {
  const server = new TestServer()
  let installation = ''

  before(async () => {
    await server.start()
    installation = (await (await server.client()).health()).installation
  })
  after(() => server.dispose())

  for (const name of Object.keys(checkedPlaygrounds))
    test(`${name}: its checks pass cold, after a restart and in a live clone, and fail while a service is stopped`, async (t) => {
      const figures = await liveThrough(server, name)
      t.diagnostic(
        `${name}: ${Object.entries(figures)
          .map(([what, seconds]) => `${what} ${seconds} s`)
          .join(', ')}`,
      )
      assert.deepEqual(await leftovers(installation, server.home), [])
    })
})
