import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import fc from 'fast-check'
import { asAlice, type Started, start, until } from '../testing/start-for-test.ts'
import { playId, StubProcess } from '../testing/stub-services.ts'
import { tools } from './tools.ts'

const timeout = 60_000
const usual = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

async function post(server: Started, body: unknown, headers: Record<string, string> = {}, query = ''): Promise<Answer> {
  const response = await fetch(server.endpoint + routes.mcp() + query, {
    method: 'POST',
    headers: { ...usual, ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const list = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
const call = (name: string, input: object = {}, meta?: object) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, arguments: input, ...(meta ? { _meta: meta } : {}) },
})
/** Messages of an answer, whether it came as one or as a stream. */
// biome-ignore lint/suspicious/noExplicitAny: an answer may be anything; the assertions say what it has to be.
const messages = ({ text, headers }: Answer): Record<string, any>[] =>
  headers.get('content-type')?.startsWith('text/event-stream')
    ? [...text.matchAll(/^data: (.+)$/gm)].map(([, data = '']) => JSON.parse(data))
    : [JSON.parse(text)]
const resultOf = (answer: Answer) => messages(answer).at(-1)?.result
const namesOf = (answer: Answer): string[] => resultOf(answer).tools.map(({ name }: { name: string }) => name)

test('a stranger sees which tools there are, and is asked for a token when he calls one', { timeout }, async () => {
  await using server = await start()
  assert.deepEqual(
    namesOf(await post(server, list)),
    tools.map(({ name }) => name),
  )
  for (const body of [call('list_plays'), [list, call('list_plays')], { jsonrpc: '2.0', id: 1, method: 'resources/list' }]) {
    const refused = await post(server, body)
    assert.equal(refused.status, 401, refused.text)
    assert.match(refused.headers.get('www-authenticate') ?? '', /^Bearer /)
    assert.equal(JSON.parse(refused.text).code, 'not_authenticated')
  }
})

test('a token that is not valid is asked for again at once', { timeout }, async () => {
  await using server = await start()
  const refused = await post(server, list, { authorization: 'Bearer none' })
  assert.deepEqual([refused.status, refused.headers.has('www-authenticate')], [401, true])
})

test('a cookie opens nothing here, so no page can use its visitor', { timeout }, async () => {
  await using server = await start()
  const withCookie = await post(server, call('list_plays'), { cookie: 'ramet_session_abcd=alice-token' })
  assert.equal(withCookie.status, 401)
  const fromPage = await post(server, list, { origin: 'http://evil.example' })
  assert.deepEqual([fromPage.status, JSON.parse(fromPage.text).code], [403, 'forbidden_origin'])
})

test('a stranger’s request is short', { timeout }, async () => {
  await using server = await start()
  assert.equal((await post(server, { ...list, params: { filling: 'x'.repeat(20_000) } })).status, 413)
  assert.equal((await post(server, { ...list, params: { filling: 'x'.repeat(20_000) } }, asAlice)).status, 200)
})

test('a client that is set up for less sees and calls no more', { timeout }, async () => {
  await using server = await start()
  const reading = namesOf(await post(server, list, asAlice, '?scopes=playground:read'))
  assert.deepEqual(
    reading,
    tools.filter(({ scope }) => scope === 'playground:read').map(({ name }) => name),
  )
  const refused = messages(await post(server, call('destroy_play', { play_id: playId }), asAlice, '?scopes=playground:run'))
  assert.match(refused[0]?.error.message, /no tool/)
  assert.equal((await post(server, list, asAlice, '?scopes=everything')).status, 400)
  // As it was said before there was one vocabulary.
  assert.deepEqual(namesOf(await post(server, list, asAlice, '?scopes=read')), reading)
  const running = namesOf(await post(server, list, asAlice, '?scopes=read,run'))
  assert.deepEqual(running, namesOf(await post(server, list, asAlice, '?scopes=playground:run')))
  assert.ok(running.length > reading.length && !running.includes('destroy_play'))
})

test('somebody else’s run does not exist', { timeout }, async () => {
  await using server = await start()
  const asBob = { authorization: 'Bearer bob-token' }
  const mine = resultOf(await post(server, call('get_play', { play_id: playId }), asAlice))
  assert.equal(mine.structuredContent.play_id, playId)
  for (const name of ['get_play', 'run_shell_command', 'destroy_play', 'read_file', 'clone_play']) {
    const other = resultOf(await post(server, call(name, { play_id: playId, command: 'id', path: '/x' }), asBob))
    assert.deepEqual([other.isError, other.structuredContent.error.code], [true, 'not_found'], name)
  }
})

test('input that a tool does not take is told to the agent', { timeout }, async () => {
  await using server = await start()
  const { isError, structuredContent } = resultOf(await post(server, call('run_shell_command', { play_id: playId }), asAlice))
  assert.deepEqual([isError, structuredContent.error.code, structuredContent.error.where], [true, 'invalid_input', 'command'])
})

test('output of a command comes as progress, and what is too long is cut in the middle', { timeout }, async () => {
  await using server = await start()
  const process = new StubProcess()
  server.services.nextProcess = process
  const answered = post(
    server,
    call('run_shell_command', { play_id: playId, command: 'work', max_output_bytes: 256 }, { progressToken: 'p' }),
    asAlice,
  )
  await until('the command to run', () => server.services.executed.length > 0)
  assert.deepEqual(server.services.executed, [{ command: 'work', options: {} }])
  process.stdout.write('begun\n')
  await until('the output to be read', () => process.stdout.readableLength === 0)
  await new Promise((resolve) => setTimeout(resolve, 300))
  process.stdout.write('x'.repeat(1000))
  process.stderr.write('warned\n')
  process.end(4)
  const all = messages(await answered)
  assert.deepEqual(
    all.slice(0, -1).map(({ method, params }) => [method, params.progressToken, params.progress]),
    all.slice(0, -1).map((_, at) => ['notifications/progress', 'p', at + 1]),
  )
  assert.equal(all[0]?.params.message, 'begun\n')
  const { exit_code, stdout, stderr } = (all.at(-1) as { result: { structuredContent: Record<string, string> } }).result
    .structuredContent
  assert.deepEqual([Number(exit_code), stderr], [4, 'warned\n'])
  assert.match(stdout ?? '', /^begun\nx{122}\n\[… 750 bytes left out …\]\nx{128}$/)
})

test('a command whose time is up is killed', { timeout }, async () => {
  await using server = await start()
  const process = new StubProcess()
  server.services.nextProcess = process
  const { structuredContent } = resultOf(
    await post(server, call('run_shell_command', { play_id: playId, command: 'work', timeout_seconds: 0.1 }), asAlice),
  )
  assert.deepEqual(structuredContent, { exit_code: null, timed_out: true, stdout: '', stderr: '' })
  assert.deepEqual([process.signals, process.isClosed], [['KILL'], true])
})

test('a command ends when nobody waits for it any more', { timeout }, async () => {
  await using server = await start()
  const process = new StubProcess()
  server.services.nextProcess = process
  const gone = new AbortController()
  const asked = fetch(server.endpoint + routes.mcp(), {
    method: 'POST',
    headers: { ...usual, ...asAlice },
    body: JSON.stringify(call('run_shell_command', { play_id: playId, command: 'work' })),
    signal: gone.signal,
  })
  asked.then((response) => response.text()).catch(() => {})
  await until('the command to run', () => server.services.executed.length > 0)
  gone.abort()
  await until('the command to be ended', () => process.isClosed)
})

test('a fault of ours is told without its details', { timeout }, async () => {
  await using server = await start()
  server.services.runs.list = async () => {
    throw new Error('secret detail')
  }
  const answer = await post(server, call('list_plays'), asAlice)
  assert.equal(resultOf(answer).structuredContent.error.code, 'internal_error')
  assert.ok(!answer.text.includes('secret'))
})

test('three hundred frames that nobody should send: each is answered, none with 500', { timeout: 120_000 }, async (t) => {
  await using server = await start()
  // Nothing is waited for.
  const { play } = server.services
  const at = play.createdAt
  const conditions = [{ name: 'Ready', status: 'True' as const, lastTransitionAt: at }]
  server.services.play = { ...play, status: { ...play.status, machines: [{ name: 'debian', state: 'RUNNING', conditions }] } }
  const names = tools.map(({ name }) => name)
  const methods = [
    'initialize',
    'tools/list',
    'tools/call',
    'ping',
    'notifications/cancelled',
    'server/discover',
    'resources/read',
    'completion/complete',
    'logging/setLevel',
  ]
  const value = fc.anything({ maxDepth: 3, withNullPrototype: false })
  const odd = fc.oneof(value, fc.string(), fc.constant(playId), fc.integer())
  const input = fc.dictionary(
    fc.constantFrom(
      'play_id',
      'command',
      'path',
      'name',
      'count',
      'until',
      'wait_seconds',
      'timeout_seconds',
      'play_ids',
      'commands',
      'content',
      '__proto__',
    ),
    odd,
  )
  const called = { name: fc.oneof(fc.constantFrom(...names), odd), arguments: fc.oneof(input, input, odd) }
  const params = fc.oneof(
    { weight: 1, arbitrary: value },
    { weight: 8, arbitrary: fc.record({ ...called, _meta: odd }, { requiredKeys: ['name'] }) },
    { weight: 1, arbitrary: fc.record({ protocolVersion: odd, capabilities: odd, clientInfo: odd }, { requiredKeys: [] }) },
  )
  const usually = <T>(value: T) => fc.oneof({ weight: 9, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: odd })
  const frame = fc.record({
    jsonrpc: usually('2.0'),
    id: usually(1),
    method: fc.oneof(
      { weight: 9, arbitrary: fc.constantFrom('tools/call', 'tools/call', 'tools/call', ...methods) },
      { weight: 1, arbitrary: odd },
    ),
    params,
  })
  const body = fc.oneof(
    { weight: 8, arbitrary: frame.map(json) },
    { weight: 1, arbitrary: fc.array(frame, { maxLength: 4 }).map(json) },
    { weight: 1, arbitrary: value.map(json) },
    { weight: 1, arbitrary: fc.string() },
  )
  const headers = fc.record(
    {
      accept: fc.constantFrom('application/json', usual.accept, usual.accept, usual.accept, usual.accept),
      'content-type': fc.constantFrom('text/plain', ...Array(9).fill('application/json')),
      'mcp-protocol-version': fc.constantFrom('2025-06-18', '2025-06-18', '2026-07-28', 'none', ''),
      'mcp-method': fc.constantFrom('tools/call', 'tools/list', 'x'),
      authorization: fc.constantFrom(...Array(9).fill(asAlice.authorization), 'Bearer none'),
    },
    { requiredKeys: [] },
  )
  const counts: Record<number, number> = {}
  await fc.assert(
    fc.asyncProperty(body, headers, async (text, more) => {
      // A command goes on until somebody ends it.
      const process = new StubProcess()
      process.end(0)
      server.services.nextProcess = process
      const { status, text: said } = await post(server, text, more)
      counts[status] = (counts[status] ?? 0) + 1
      assert.ok(status < 500, `${status} ${said}`)
    }),
    { numRuns: 300 },
  )
  t.diagnostic(JSON.stringify(counts))
  assert.equal((await post(server, list)).status, 200)
})

/** `JSON.stringify` answers undefined for what is no JSON, such as undefined itself. */
const json = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? 'undefined'
  } catch {
    return 'null'
  }
}
