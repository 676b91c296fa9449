import fc from 'fast-check'

/** A request to /mcp: a body and headers, in which anything may be wrong. */
export interface McpCase {
  readonly method: 'GET' | 'POST' | 'DELETE'
  readonly query: string
  readonly body: string
  readonly headers: Record<string, string>
  /** Nobody's, one that may only read, or one that there is none of. */
  readonly who: 'stranger' | 'reader' | 'nobody'
}

const value = fc.anything({ maxDepth: 3, withNullPrototype: false })
const ids = fc.constantFrom('f'.repeat(24), '0', '../..', '', 'debian', 'x'.repeat(5000), '\u202e', "' or 1=1 --")
const odd = fc.oneof(value, fc.string(), ids, fc.integer())
const usually = (usual: unknown) => fc.oneof({ weight: 9, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: odd })

const methods = [
  'initialize',
  'notifications/initialized',
  'notifications/cancelled',
  'tools/list',
  'ping',
  'server/discover',
  'resources/read',
  'completion/complete',
  'logging/setLevel',
  'prompts/get',
  'sampling/createMessage',
]
const words = [
  'play_id',
  'playground',
  'command',
  'path',
  'content',
  'name',
  'count',
  'until',
  'wait_seconds',
  'timeout_seconds',
  'max_output_bytes',
  'play_ids',
  'commands',
  'title',
  'live',
  '__proto__',
]

/** Messages that name tools of the server. */
export function mcpCase(tools: readonly string[], playId: string): fc.Arbitrary<McpCase> {
  const input = fc.dictionary(fc.constantFrom(...words), fc.oneof(odd, fc.constant(playId), fc.constant(0)))
  const params = fc.oneof(
    { weight: 1, arbitrary: value },
    {
      weight: 8,
      arbitrary: fc.record(
        {
          name: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...tools) }, { weight: 1, arbitrary: odd }),
          arguments: fc.oneof({ weight: 6, arbitrary: input }, { weight: 1, arbitrary: odd }),
          _meta: fc.oneof(odd, fc.record({ progressToken: odd })),
        },
        { requiredKeys: ['name'] },
      ),
    },
    {
      weight: 1,
      arbitrary: fc.record(
        { protocolVersion: fc.oneof(odd, fc.constant('2025-06-18')), capabilities: odd, clientInfo: odd },
        { requiredKeys: [] },
      ),
    },
  )
  const message = fc.record(
    {
      jsonrpc: usually('2.0'),
      id: fc.oneof(fc.constantFrom<unknown>(1, 'a', null, -1, 1.5, 2 ** 60, 'x'.repeat(9000)), odd),
      method: fc.oneof(
        { weight: 6, arbitrary: fc.constant('tools/call') },
        { weight: 5, arbitrary: fc.constantFrom(...methods) },
        { weight: 1, arbitrary: odd },
      ),
      params,
    },
    { requiredKeys: ['jsonrpc'] },
  )
  /** An answer to what nobody asked. */
  const answer = fc.record({ jsonrpc: usually('2.0'), id: odd, result: odd, error: odd }, { requiredKeys: ['id'] })
  const body = fc.oneof(
    { weight: 12, arbitrary: message.map(json) },
    { weight: 3, arbitrary: fc.array(fc.oneof(message, answer, value), { maxLength: 6 }).map(json) },
    { weight: 1, arbitrary: answer.map(json) },
    { weight: 1, arbitrary: value.map(json) },
    { weight: 1, arbitrary: fc.oneof(fc.string(), fc.constantFrom('', '{', '['.repeat(20_000), '\ufeff{}', 'null')) },
    // Many at once, one that is long, and one that is longer than any may be.
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        json(Array.from({ length: 2000 }, (_, id) => ({ jsonrpc: '2.0', id, method: 'ping' }))),
        json({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { filling: 'x'.repeat(200_000) } }),
        json({ jsonrpc: '2.0', id: 1, method: 'ping', params: { filling: 'x'.repeat(3_000_000) } }),
      ),
    },
  )
  const both = 'application/json, text/event-stream'
  const headers = fc.record(
    {
      accept: fc.constantFrom(both, both, both, both, 'application/json', 'text/html', ''),
      'content-type': fc.constantFrom('text/plain', ...Array<string>(9).fill('application/json')),
      'mcp-protocol-version': fc.constantFrom('2025-06-18', '2025-06-18', '2025-03-26', '2026-07-28', 'none', ''),
      'mcp-session-id': fc.constantFrom('a', 'x'.repeat(3000), '../..'),
      'last-event-id': fc.constantFrom('1', 'x'),
      'mcp-method': fc.constantFrom('tools/call', 'tools/list', 'x'),
      'mcp-name': fc.constantFrom('list_plays', 'x'),
    },
    { requiredKeys: ['content-type'] },
  )
  return fc.record({
    method: fc.constantFrom('GET', 'DELETE', ...Array<'POST'>(18).fill('POST')),
    query: fc.constantFrom(
      '',
      '',
      '',
      '?scopes=read',
      '?scopes=playground:read',
      '?scopes=none',
      '?scopes=%zz',
      `?${'a'.repeat(3000)}`,
    ),
    body,
    headers,
    who: fc.constantFrom('stranger', 'nobody', ...Array<'reader'>(6).fill('reader')),
  })
}

/** `JSON.stringify` answers undefined for what is no JSON, such as undefined itself. */
function json(value: unknown): string {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    return 'null'
  }
}
