import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { connect } from '@ramet/client'
import { examplesOf } from './harness/examples-of.ts'
import { root, type TestServer } from './harness/server.ts'

/** Runs the page of ten agents as it stands; the winner alone is left, stopped. Answers with its id. */
export async function agentsGuide(server: TestServer, playground: string): Promise<string> {
  const page = await readFile(join(root, 'docs/agents.md'), 'utf8')
  const said: string[] = []
  const console = { log: (text: string) => said.push(text) }
  await examplesOf(page)({ connect, endpoint: server.endpoint, token: await server.token(), playground, console })
  const [, id = ''] = /^kept ([0-9a-f]{24}): 6 \* 7 = 42\n$/.exec(said[0] ?? '') ?? []
  const left = (await (await server.client()).plays.list()).filter(({ state }) => state !== 'DESTROYED')
  assert.deepEqual(
    left.map((play) => [play.id, play.state, play.title]),
    [[id, 'STOPPED', 'The bug, mended: 6 * 7']],
  )
  return id
}
