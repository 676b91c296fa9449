import { after, before, describe, test } from 'node:test'
import { agentLife } from './agent-life.ts'
import { agentsGuide } from './agents-guide.ts'
import { connectAgent } from './harness/connect-agent.ts'
import { TestServer } from './harness/server.ts'

/** With eleven real VMs, most of them live clones of one. */
describe('ten agents on one bug, on real machines', { concurrency: false }, () => {
  const server = new TestServer()
  before(() => server.start())
  after(() => server.dispose())

  test('the page does what it says', { timeout: 900_000 }, async (t) => {
    const began = performance.now()
    await agentsGuide(server, 'debian')
    t.diagnostic(`${((performance.now() - began) / 1000).toFixed(1)} s from the start of the first to the stop of the winner`)
  })

  test('an agent lives through all of it with a pair of machines', { timeout: 900_000 }, async () => {
    await using agent = await connectAgent(server, { token: await server.token() })
    await agentLife(agent, { playground: 'duo', files: '/root' })
  })
})
