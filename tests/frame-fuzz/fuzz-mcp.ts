import assert from 'node:assert/strict'
import { routes } from '@ramet/model/api/routes.ts'
import fc from 'fast-check'
import { writtenRows } from '../api-fuzz/written-rows.ts'
import { connectAgent } from '../harness/connect-agent.ts'
import type { TestServer } from '../harness/server.ts'
import { type McpCase, mcpCase } from './mcp-messages.ts'

/** A wait may be as long as the tool allows; nothing here waits for a state that does not come by itself for longer. */
const longestMs = 75_000
const atOnce = 8

export interface McpFuzz {
  readonly cases: number
  readonly seed: number
  progress?(done: number, counts: ReadonlyMap<string, number>): void | Promise<void>
}

/**
 * Sends messages to /mcp of a server in the fake world, right ones with faults in them and nonsense, as a stranger and by a token that may only read. Throws at a fault of the server's, at an answer
 * that does not come or is no JSON, and when anything has changed.
 */
export async function fuzzMcp(
  server: TestServer,
  playId: string,
  { cases, seed, progress }: McpFuzz,
): Promise<Map<string, number>> {
  const { sessions } = await server.client()
  const { accessToken } = await sessions.makeToken({ name: 'reader', scope: ['playground:read'] })
  await using agent = await connectAgent(server, { token: accessToken })
  const tools = (await agent.client.listTools()).tools.map(({ name }) => name)
  using rows = writtenRows(server)
  const before = rows.picture()
  const counts = new Map<string, number>()
  let done = 0
  const tokens = { stranger: undefined, nobody: 'Bearer none', reader: `Bearer ${accessToken}` }
  await fc.assert(
    fc.asyncProperty(fc.array(mcpCase(tools, playId), { minLength: atOnce, maxLength: atOnce }), async (together) => {
      const outcomes = await Promise.all(together.map((each) => ask(server.endpoint, each, tokens[each.who])))
      for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1)
      assert.equal(rows.picture(), before, 'something has changed')
      done += atOnce
      if (done % 200 < atOnce) await progress?.(done, counts)
    }),
    { numRuns: Math.ceil(cases / atOnce), seed, endOnFailure: true },
  )
  return counts
}

async function ask(endpoint: string, { method, query, body, headers, who }: McpCase, authorization?: string): Promise<string> {
  const what = `${who} ${method} ${query} ${JSON.stringify(headers)} ${body.slice(0, 2000)}`
  try {
    const answer = await fetch(endpoint + routes.mcp() + query, {
      method,
      headers: { ...headers, ...(authorization === undefined ? {} : { authorization }) },
      ...(method === 'GET' ? {} : { body }),
      signal: AbortSignal.timeout(longestMs),
    })
    const text = await answer.text()
    assert.ok(answer.status < 500, `${answer.status} ${text}`)
    assert.ok(!text.includes('"internal_error"'), text.slice(0, 2000))
    for (const each of messagesOf(answer, text)) JSON.parse(each)
    if (who !== 'reader' && answer.status === 200) assert.ok(!text.includes('play_id":"'), 'a stranger sees no run')
    return `${who} ${answer.status}`
  } catch (error) {
    throw new Error(`${what}: ${(error as Error).message}`, { cause: error })
  }
}

function messagesOf(answer: Response, text: string): string[] {
  const type = answer.headers.get('content-type') ?? ''
  if (type.startsWith('text/event-stream')) return [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => data)
  return type.startsWith('application/json') && text !== '' ? [text] : []
}
