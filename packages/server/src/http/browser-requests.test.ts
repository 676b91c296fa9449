import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { record, silent, start, until } from '../testing/start-for-test.ts'
import { playId, stubServices } from '../testing/stub-services.ts'
import { buildApp } from './app.ts'

const build = (endpoint = 'http://127.0.0.1:8420', names: string[] = []) =>
  buildApp(stubServices(), { log: silent, endpoint, names })

async function loggedIn(endpoint?: string, names?: string[]) {
  const app = build(endpoint, names)
  const headers = { host: new URL(endpoint ?? 'http://127.0.0.1:8420').host }
  const login = await app.inject({ method: 'POST', url: routes.login(), headers, payload: { token: 'login' } })
  const set = String(login.headers['set-cookie'])
  return { app, set, cookie: set.split(';')[0] ?? '' }
}

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`
const credentials: [name: string, headers: Record<string, string>, status: number][] = [
  ['a bearer token', { authorization: 'Bearer alice-token' }, 200],
  ['a wrong bearer token', { authorization: 'Bearer alice-tokem' }, 401],
  ['labctl’s session and token', { authorization: basic('any-session:alice-token') }, 200],
  ['a token in the place of the session', { authorization: basic('alice-token:') }, 401],
  ['Basic that is no base64 of a pair', { authorization: 'Basic ???' }, 401],
  ['another scheme', { authorization: 'Digest alice-token' }, 401],
  ['an empty cookie', { cookie: 'ramet_session_abcd=' }, 401],
  ['a cookie of another server on this host', { cookie: 'ramet_session_ffff=alice-token' }, 401],
  ['a good cookie behind a bad header', { authorization: 'Bearer x', cookie: 'ramet_session_abcd=alice-token' }, 401],
]
for (const [name, headers, status] of credentials) {
  test(`${name} gives ${status}`, async () => {
    const answer = await build().inject({
      url: `${routes.me()}?authenticate=true`,
      headers: { host: '127.0.0.1:8420', ...headers },
    })
    assert.equal(answer.statusCode, status, answer.body)
  })
}

test('the login token gives a cookie that scripts cannot read and other sites cannot use, and logout ends it', async () => {
  const { app, set, cookie } = await loggedIn()
  assert.match(set, /^ramet_session_abcd=[^;]+;.*HttpOnly/)
  assert.match(set, /SameSite=Strict/)
  assert.match(set, /Path=\//)
  const headers = { cookie, host: '127.0.0.1:8420', origin: 'http://127.0.0.1:8420' }
  assert.equal((await app.inject({ url: routes.me(), headers })).json().name, 'alice')
  const logout = await app.inject({ method: 'POST', url: routes.logout(), headers })
  assert.match(String(logout.headers['set-cookie']), /Max-Age=0/)
  assert.equal((await app.inject({ url: routes.me(), headers })).statusCode, 401)
})

test('behind https the cookie is for https alone, and no other host nor plain request puts another in its place', async () => {
  const { app, set, cookie } = await loggedIn('https://lab.example')
  assert.match(set, /^__Host-ramet_session_abcd=[^;]+;.*Secure/)
  const asks = async (sent: string) =>
    (await app.inject({ url: routes.me(), headers: { host: 'lab.example', cookie: sent } })).statusCode
  assert.equal(await asks(cookie), 200)
  assert.equal(await asks(`ramet_session_abcd=tossed; ${cookie}`), 200)
})

const origins: [headers: Record<string, string>, status: number][] = [
  [{ origin: 'http://127.0.0.1:8420' }, 200],
  [{ 'sec-fetch-site': 'same-origin' }, 200],
  [{}, 403],
  [{ origin: 'null' }, 403],
  [{ origin: 'http://evil.example' }, 403],
  [{ origin: 'http://127.0.0.1:9999' }, 403],
  [{ origin: 'http://127.0.0.1:8420.evil.example' }, 403],
  [{ 'sec-fetch-site': 'same-site' }, 403],
  [{ 'sec-fetch-site': 'cross-site', origin: 'http://evil.example' }, 403],
]
for (const [headers, status] of origins) {
  test(`a change with the cookie and ${JSON.stringify(headers)} gives ${status}`, async () => {
    const { app, cookie } = await loggedIn()
    const answer = await app.inject({
      method: 'POST',
      url: routes.actions(playId),
      headers: { cookie, host: '127.0.0.1:8420', ...headers },
      payload: { action: 'stop' },
    })
    assert.equal(answer.statusCode, status, answer.body)
    if (status === 403) assert.equal(answer.json().code, 'forbidden_origin')
  })
}

const hosts: [host: string, status: number][] = [
  ['127.0.0.1:8420', 200],
  ['localhost:8420', 200],
  ['LAB.example', 200],
  ['192.0.2.7:8420', 200],
  ['[2001:db8::1]:8420', 200],
  ['rebound.evil.example:8420', 403],
  ['localhost.evil.example', 403],
  ['127.0.0.1.evil.example', 403],
  ['user@evil.example', 403],
  ['a b', 403],
]
for (const [host, status] of hosts) {
  test(`with the cookie, a server asked as ${host} gives ${status}`, async () => {
    const { app, cookie } = await loggedIn(undefined, ['lab.example'])
    assert.equal((await app.inject({ url: routes.plays(), headers: { cookie, host } })).statusCode, status)
  })
}

test('a program with a token may come by any name', async () => {
  const headers = { authorization: 'Bearer alice-token', host: 'whatever.example' }
  assert.equal((await build().inject({ url: routes.plays(), headers })).statusCode, 200)
})

test('Basic credentials that a browser remembers are looked at like a cookie', async () => {
  const headers = { authorization: basic('x:alice-token'), host: '127.0.0.1:8420', origin: 'http://evil.example' }
  assert.equal((await build().inject({ method: 'DELETE', url: routes.play(playId), headers })).statusCode, 403)
})

test('a page of another site cannot log its visitor in', async () => {
  const headers = { origin: 'http://evil.example', host: '127.0.0.1:8420' }
  const answer = await build().inject({ method: 'POST', url: routes.login(), headers, payload: { token: 'login' } })
  assert.equal(answer.statusCode, 403)
})

test('a wrong login token is told as such', async () => {
  const answer = await build().inject({ method: 'POST', url: routes.login(), payload: { token: 'wrong' } })
  assert.deepEqual([answer.statusCode, answer.json().code], [401, 'wrong_login_token'])
})

for (const [origin, accepted] of [
  ['same', true],
  ['http://evil.example', false],
  [undefined, false],
] as const) {
  test(`a websocket with the cookie and the origin ${origin} is ${accepted ? 'accepted' : 'refused with 403'}`, async () => {
    await using server = await start()
    const headers = {
      cookie: 'ramet_session_abcd=alice-token',
      ...(origin ? { origin: origin === 'same' ? server.endpoint : origin } : {}),
    }
    const socket = server.socket(routes.console(playId, 'debian'), headers)
    const received = record(socket)
    await until('an answer', () => received.refused || received.messages.length > 0)
    assert.equal(received.refused?.status, accepted ? undefined : 403)
    socket.terminate()
  })
}

test('a session that ends takes its open streams and websockets along', async () => {
  await using server = await start({ recheckMs: 20 })
  const headers = { cookie: 'ramet_session_abcd=alice-session', origin: server.endpoint }
  assert.ok(await server.services.auth.openSession('login'))
  const socket = server.socket(routes.console(playId, 'debian'), headers)
  const received = record(socket)
  await until('the console', () => received.messages.length > 0)
  const stream = await fetch(server.endpoint + routes.events(), { headers: { cookie: headers.cookie } })
  let streamEnded = false
  void stream.text().finally(() => {
    streamEnded = true
  })
  assert.equal((await fetch(server.endpoint + routes.logout(), { method: 'POST', headers })).status, 200)
  await until('the end of both', () => received.closed && streamEnded)
  assert.equal(received.closed?.code, 1008)
})
