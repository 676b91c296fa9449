import assert from 'node:assert/strict'
import test from 'node:test'
import { InvalidInput, RametError } from '@ramet/model/errors/error.ts'
import { createClient } from './client.ts'
import { answer, startStubServer, unusedEndpoint } from './testing/stub-server.ts'

test('a request carries the token and its body, and the answer comes back', async () => {
  await using server = await startStubServer({
    request: ({ method, url, headers }, response, body) =>
      answer(response, 200, { method, url, authorization: headers.authorization, body: JSON.parse(body) }),
  })
  const client = createClient({ endpoint: server.endpoint, token: 'secret' })
  assert.deepEqual(await client.plays.start({ playground: 'debian', title: 'Mine' }), {
    method: 'POST',
    url: '/api/plays',
    authorization: 'Bearer secret',
    body: { playground: 'debian', title: 'Mine' },
  })
})

test('names from people are escaped in paths', async () => {
  await using server = await startStubServer({ request: ({ url }, response) => answer(response, 200, { url }) })
  const client = createClient({ endpoint: server.endpoint })
  assert.deepEqual(await client.playgrounds.get('../plays?x'), { url: '/api/playgrounds/..%2Fplays%3Fx' })
})

test('an error keeps code, hint and place', async () => {
  const body = { code: 'action_refused', message: 'Cannot stop.', hint: 'Start it.', where: 'a.yaml:1:2' }
  await using server = await startStubServer({ request: (_, response) => answer(response, 409, body) })
  const client = createClient({ endpoint: server.endpoint })
  await assert.rejects(client.plays.stop('a'), (error: RametError) => {
    assert.ok(error instanceof RametError)
    assert.deepEqual(
      [error.code, error.status, error.message, error.hint, error.where],
      ['action_refused', 409, 'Cannot stop.', 'Start it.', 'a.yaml:1:2'],
    )
    return true
  })
})

test('all faults of an input come as one error', async () => {
  const problems = [
    { code: 'invalid_input', message: 'first' },
    { code: 'not_supported_yet', message: 'second' },
  ]
  await using server = await startStubServer({
    request: (_, response) => answer(response, 400, { ...problems[0], problems }),
  })
  const client = createClient({ endpoint: server.endpoint })
  await assert.rejects(client.playgrounds.create({ name: 'a', base: 'b' }), (error) => {
    assert.ok(error instanceof InvalidInput)
    assert.deepEqual(error.problems, problems)
    return true
  })
})

test('nobody listening is server_unreachable, with what to do', async () => {
  const client = createClient({ endpoint: await unusedEndpoint() })
  await assert.rejects(client.health(), { code: 'server_unreachable', hint: 'Start it with: npm start' })
})

test('an answer that is not Ramet’s is told as such, whatever its status', async () => {
  for (const status of [200, 502]) {
    await using server = await startStubServer({ request: (_, response) => void response.writeHead(status).end('<html>') })
    await assert.rejects(createClient({ endpoint: server.endpoint }).health(), { code: 'unexpected_answer', status })
  }
})

test('a list is asked for page by page, each from where the last one ended', async () => {
  const all = Array.from({ length: 450 }, (_, i) => ({ id: String(i) }))
  const asked: string[] = []
  await using server = await startStubServer({
    request: ({ url = '' }, response) => {
      asked.push(url)
      const { searchParams } = new URL(url, 'http://x')
      const from = all.findIndex(({ id }) => id === searchParams.get('cursor')) + 1
      answer(response, 200, all.slice(from, from + Number(searchParams.get('limit'))))
    },
  })
  const plays = await createClient({ endpoint: server.endpoint }).plays.list()
  assert.deepEqual(plays, all)
  assert.deepEqual(asked, ['/api/plays?limit=200', '/api/plays?limit=200&cursor=199', '/api/plays?limit=200&cursor=399'])
})
