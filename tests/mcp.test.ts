import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { agentLife } from './agent-life.ts'
import { connectAgent } from './harness/connect-agent.ts'
import { TestServer } from './harness/server.ts'

/** The official client of the protocol, as it is now and as it was before 2026, against a server in the fake world. */
describe('an agent', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  before(() => server.start())
  after(() => server.dispose())

  for (const era of ['auto', 'legacy'] as const) {
    test(`is asked for a token when it calls a tool, and not before (${era})`, { timeout: 60_000 }, async () => {
      await using stranger = await connectAgent(server, { era, token: undefined })
      assert.ok((await stranger.client.listTools()).tools.some((tool) => tool.name === 'start_play'))
      await assert.rejects(stranger.call('list_plays'), /401|nauthor|authenticat/)
    })

    test(`starts a run, works in it, tries ways in live clones, compares them, and destroys what is left (${era})`, {
      timeout: 120_000,
    }, async () => {
      await using agent = await connectAgent(server, { era, token: await server.token() })
      await agentLife(agent, { playground: 'debian', files: '/root' })
    })
  }
})
