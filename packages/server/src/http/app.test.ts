import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { asAlice, silent, start } from '../testing/start-for-test.ts'
import { playId, stubServices } from '../testing/stub-services.ts'
import { buildApp } from './app.ts'
import { bodyBytes } from './route.ts'

const build = (endpoint = 'http://127.0.0.1:8420', names: string[] = []) =>
  buildApp(stubServices(), { log: silent, endpoint, names })

test('health is told to anyone, everything else only with credentials', async () => {
  const app = build()
  assert.equal((await app.inject(routes.health())).statusCode, 200)
  for (const path of [routes.me(), routes.plays(), routes.events(), routes.metrics(), routes.fsck()]) {
    const answer = await app.inject(path)
    assert.equal(answer.statusCode, 401, path)
    assert.equal(answer.json().code, 'not_authenticated')
    assert.match(answer.json().hint, /RAMET_TOKEN/)
  }
})

test("another user's run does not exist", async () => {
  const answer = await build().inject({ url: routes.play(playId), headers: { authorization: 'Bearer bob-token' } })
  assert.equal(answer.statusCode, 404)
  assert.equal(answer.json().code, 'not_found')
})

test('bodies are JSON whatever their Content-Type says, and may be empty', async () => {
  const app = build()
  for (const contentType of [undefined, 'application/json', 'application/x-www-form-urlencoded', 'text/plain; charset=utf-8']) {
    const headers = { ...asAlice, ...(contentType ? { 'content-type': contentType } : {}) }
    const payload = JSON.stringify({ action: 'set_title', title: 'New' })
    const answer = await app.inject({ method: 'POST', url: routes.actions(playId), headers, payload })
    assert.equal(answer.statusCode, 200, `${contentType}: ${answer.body}`)
    assert.equal(answer.json().title, 'New')
    const empty = await app.inject({ method: 'POST', url: routes.imageBuild('debian-stable'), headers })
    assert.equal(empty.statusCode, 200, `${contentType}: ${empty.body}`)
    const removed = await app.inject({ method: 'DELETE', url: routes.play(playId), headers })
    assert.deepEqual([removed.statusCode, removed.body], [200, '{}'])
  }
})

for (const [name, payload, status, code, where] of [
  ['is not JSON', '{"a":', 400, 'invalid_input', undefined],
  ['is nested without end', '['.repeat(200_000), 400, 'invalid_input', undefined],
  ['is of the wrong shape', '{"playground":{"name":"debian"}}', 400, 'invalid_input', 'playground'],
  ['is no object', '"debian"', 400, 'invalid_input', undefined],
  ['has a title with control characters', '{"playground":"debian","title":"a\\u0007"}', 400, 'invalid_input', 'title'],
  [
    'has a title that turns the direction of text',
    '{"playground":"debian","title":"gpj.\u202eexe"}',
    400,
    'invalid_input',
    'title',
  ],
  [
    'changes what it does not name',
    '{"playground":"debian","tweaks":{"machines":{"a":{"cpus":2}}}}',
    400,
    'invalid_input',
    'tweaks.machines.a',
  ],
  ['is too large', `"${'x'.repeat(bodyBytes.texts)}"`, 413, 'body_too_large', undefined],
] as const) {
  test(`a body that ${name} is refused as an ErrorBody`, async () => {
    const answer = await build().inject({ method: 'POST', url: routes.plays(), headers: asAlice, payload })
    assert.equal(answer.statusCode, status, answer.body)
    assert.equal(answer.json().code, code)
    assert.equal(answer.json().where, where)
  })
}

test('a start as labctl sends it, with null and empty overrides, is taken', async () => {
  const payload = {
    playground: 'debian',
    tabs: null,
    networks: null,
    machines: [],
    initTasks: {},
    safetyDisclaimerConsent: false,
  }
  const answer = await build().inject({ method: 'POST', url: routes.plays(), headers: asAlice, payload })
  assert.equal(answer.statusCode, 200, answer.body)
})

for (const [action, status, code] of [
  [{ action: 'machine.reboot' }, 400, 'invalid_input'],
  [{ action: 'explode' }, 400, 'invalid_input'],
  [{}, 400, 'invalid_input'],
  [{ action: 'set_title', title: ' ' }, 400, 'invalid_input'],
] as const) {
  test(`the action ${JSON.stringify(action)} is refused with ${code}`, async () => {
    const answer = await build().inject({ method: 'POST', url: routes.actions(playId), headers: asAlice, payload: action })
    assert.deepEqual([answer.statusCode, answer.json().code], [status, code])
  })
}

test('actions answer with the run, and the console ones with what was asked for', async () => {
  const app = build()
  const act = async (payload: object) =>
    (await app.inject({ method: 'POST', url: routes.actions(playId), headers: asAlice, payload })).json()
  for (const action of ['stop', 'restart', 'destroy', 'make_persistent']) assert.equal((await act({ action })).id, playId)
  assert.deepEqual(await act({ action: 'machine.console.list', machine: 'debian' }), { consoles: ['boot-1'] })
  assert.deepEqual(await act({ action: 'machine.console.read', machine: 'debian', console: 'boot-1' }), {
    content: 'printed in boot-1',
  })
})

test('a session whose login is old adds no key for ssh, and is told what to do', async () => {
  const services = stubServices()
  const app = buildApp(services, { log: silent, endpoint: 'http://127.0.0.1:8420' })
  const add = () =>
    app.inject({ method: 'POST', url: routes.sshKeys(), headers: asAlice, payload: { line: 'ssh-ed25519 AAAA laptop' } })
  assert.equal((await add()).statusCode, 200)
  services.auth.isFresh = async (token) => token !== 'alice-token'
  const refused = await add()
  assert.deepEqual([refused.statusCode, refused.json().code], [403, 'login_too_old'])
  assert.match(refused.json().hint, /ramet login/)
})

test('what is not there, and what is no URL, is answered as an ErrorBody with a request id', async () => {
  const app = build()
  for (const [url, status] of [
    ['/api/nothing', 404],
    ['/api/plays/%zz', 400],
  ] as const) {
    const answer = await app.inject({ url, headers: asAlice })
    assert.equal(answer.statusCode, status)
    assert.equal(typeof answer.json().message, 'string')
  }
  const wrongMethod = await app.inject({ method: 'PUT', url: routes.plays(), headers: asAlice, payload: '{}' })
  assert.equal(wrongMethod.statusCode, 404)
  assert.match(String(wrongMethod.headers['x-request-id']), /^[0-9a-f-]{36}$/)
})

test('a route that takes an archive refuses any other body, and none', async () => {
  const app = build()
  for (const sent of [{ payload: '0' }, { payload: '{}', type: 'text/plain' }, {}] as { payload?: string; type?: string }[]) {
    const headers = { ...asAlice, ...(sent.type ? { 'content-type': sent.type } : {}) }
    const answer = await app.inject({
      method: 'POST',
      url: `${routes.imageFolders()}?name=web`,
      headers,
      ...(sent.payload ? { payload: sent.payload } : {}),
    })
    assert.deepEqual([answer.statusCode, answer.json().code], [400, 'invalid_input'])
  }
})

test('a fault of ours says nothing of its insides', async () => {
  const services = stubServices()
  services.runs.list = async () => {
    throw new Error('SELECT secret FROM /var/lib')
  }
  const app = buildApp(services, { log: silent, endpoint: 'http://127.0.0.1' })
  const answer = await app.inject({ url: routes.plays(), headers: asAlice })
  assert.equal(answer.statusCode, 500)
  assert.equal(answer.json().code, 'internal_error')
  assert.doesNotMatch(answer.body, /secret|stack/)
})

test('what is no HTTP at all gets an ErrorBody too', async () => {
  await using server = await start()
  const socket = connect(Number(new URL(server.endpoint).port), '127.0.0.1')
  socket.end('hello there\r\n\r\n')
  const chunks: Buffer[] = []
  for await (const chunk of socket) chunks.push(chunk)
  assert.match(String(Buffer.concat(chunks)), /^HTTP\/1.1 400 [\s\S]*"code":"invalid_input"/)
})

test('connections are kept alive over several requests', async () => {
  await using server = await start()
  const answer = await fetch(server.endpoint + routes.health())
  assert.equal(answer.headers.get('connection'), 'keep-alive')
})

test('the metrics show requests by route pattern, and runs by state', async () => {
  const app = build()
  await app.inject({ url: routes.play(playId), headers: asAlice })
  const answer = await app.inject({ url: routes.metrics(), headers: asAlice })
  assert.match(answer.body, /ramet_http_requests_total\{method="GET",route="\/api\/plays\/:id",status="200"\} 1/)
  assert.match(answer.body, /ramet_runs\{state="RUNNING"\} 1/)
})

test('a client that offers HTTP/2 by an upgrade gets its answer all the same', async () => {
  await using server = await start()
  const socket = connect(Number(new URL(server.endpoint).port), '127.0.0.1')
  socket.write(
    `GET ${routes.health()} HTTP/1.1\r\nhost: x\r\nconnection: Upgrade, HTTP2-Settings\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n\r\n`,
  )
  const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve))
  assert.match(String(answer), /^HTTP\/1.1 200/)
  socket.destroy()
})
