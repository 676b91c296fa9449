import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect, RametError } from '@ramet/client'
import { agentsGuide } from './agents-guide.ts'
import { examplesOf } from './harness/examples-of.ts'
import { root, TestServer } from './harness/server.ts'

/** What users of the client read is what runs here. */
describe('the client as its page describes it', () => {
  const server = new TestServer({ fake: true })
  before(() => server.start())
  after(() => server.dispose())

  test('every example of its page does what it says', { timeout: 60_000 }, async (t) => {
    const page = await readFile(join(root, 'packages/client/README.md'), 'utf8')
    const said: string[] = []
    await examplesOf(page)({
      connect,
      RametError,
      endpoint: server.endpoint,
      token: await server.token(),
      console: {
        log: (...words: unknown[]) =>
          said.push(words.map((word) => (typeof word === 'string' ? word : JSON.stringify(word))).join(' ')),
      },
    })
    t.diagnostic(said.join(' / '))
    assert.match(said[0] ?? '', /^[0-9a-f]{24} runs Linux 6\.1\.0-fake$/)
    assert.ok(said.includes('stdout one') && said.includes('stdout two') && said.includes('exit status 0'))
    assert.ok(said.includes('carried there\n'))
    assert.ok(said.includes('RUNNING'))
    assert.match(said.at(-1) ?? '', /^not_found /)
    assert.deepEqual(
      (await (await server.client()).plays.list()).filter(({ state }) => state !== 'DESTROYED'),
      [],
    )
  })

  test('the page of ten agents does what it says', { timeout: 120_000 }, async () => {
    await agentsGuide(server, 'debian')
  })
})
