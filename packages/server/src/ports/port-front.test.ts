import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import { defaultLimits } from '@ramet/model/access/limits.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { portClosed } from '@ramet/model/errors/errors.ts'
import { outcome, raw, socketTo, startWithGuest } from '../testing/guest-port.ts'
import { asAlice, until } from '../testing/start-for-test.ts'
import { playId } from '../testing/stub-services.ts'

test('the endpoints have labctl’s keys', async () => {
  await using made = await startWithGuest()
  const { port, expose } = made
  const exposed = await expose({ machine: 'debian', access: 'private', tls: false, hostRewrite: '', pathRewrite: '' })
  assert.deepEqual(exposed, {
    id: '1'.padStart(24, '0'),
    playId,
    machine: 'debian',
    number: 80,
    hostname: 'port1.localhost',
    access: 'private',
    tls: false,
    url: `http://port1.localhost:${port}/`,
  })
  const rewritten = await expose({ hostRewrite: 'shop.local', pathRewrite: '/app', tls: true, access: 'public' })
  assert.deepEqual(
    [rewritten.hostRewrite, rewritten.pathRewrite, rewritten.tls, rewritten.access],
    ['shop.local', '/app', true, 'public'],
  )
  for (const body of [
    { number: 0 },
    { number: 1.5 },
    { number: 80, access: 'all' },
    { number: 80, hostRewrite: 'a\r\nb' },
    { number: 80, pathRewrite: 'x' },
  ]) {
    const refused = await fetch(made.server.endpoint + routes.ports(playId), {
      method: 'POST',
      headers: asAlice,
      body: JSON.stringify(body),
    })
    assert.equal(refused.status, 400, JSON.stringify(body))
  }
})

test('a public port is served to whoever knows its name, without any credential of this server', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose({ access: 'public' })
  const { status, text } = await made.ask(hostname, '/headers?a=b', {
    headers: {
      cookie: 'ramet_session_abcd=alice-token; own=1',
      authorization: 'Bearer alice-token',
      'x-forwarded-for': '1.1.1.1',
    },
  })
  assert.equal(status, 200)
  const got = JSON.parse(text)
  assert.equal(got.url, '/headers?a=b')
  assert.equal(got.cookie, 'own=1')
  assert.equal(got.authorization, undefined)
  assert.equal(got['x-forwarded-for'], '127.0.0.1')
  assert.equal(got.host, `${hostname}:${made.port}`)
  const others = await made.ask(hostname, '/headers', { headers: { authorization: 'Basic Z3Vlc3Q6Z3Vlc3Q=' } })
  assert.equal(JSON.parse(others.text).authorization, 'Basic Z3Vlc3Q6Z3Vlc3Q=')
})

test('where nothing listens yet a page waits, and a program is told to come again', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose({ access: 'public' })
  made.server.services.dial = () => Promise.reject(portClosed('debian', 80))
  const page = await made.ask(hostname, '/', { headers: { accept: 'text/html' } })
  assert.equal(page.status, 503)
  assert.match(page.text, /http-equiv="refresh" content="2"/)
  const program = await made.ask(hostname, '/', { method: 'POST', body: 'x' })
  assert.deepEqual([program.status, program.headers['retry-after']], [503, '2'])
  made.server.services.dial = made.guest.dial
  assert.equal((await made.ask(hostname, '/')).status, 200)
})

test('a port’s host reaches nothing of the app, and the app’s hosts reach no port', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose({ access: 'public' })
  const health = await made.ask(hostname, routes.health())
  assert.deepEqual([health.status, health.text], [404, 'none'])
  const plays = await made.ask(hostname, routes.plays(), { headers: asAlice })
  assert.equal(plays.text, 'none')
  assert.equal((await made.ask('none.localhost', routes.health())).status, 404)
  assert.equal((await made.ask('localhost', routes.health())).status, 200)
  const before = made.guest.seen.length
  for (const host of ['x.port1.localhost', 'port1.localhost.evil.example', 'port1.localhost.'])
    await made.ask(host, '/headers', { headers: { cookie: 'ramet_session_abcd=alice-token' } })
  assert.equal(made.guest.seen.length, before)
})

for (const [what, request] of [
  ['two hosts', 'GET /headers HTTP/1.1\r\nHost: port1.localhost\r\nHost: evil.example\r\n\r\n'],
  ['no host', 'GET /headers HTTP/1.1\r\n\r\n'],
  ['another server’s URL', 'GET http://port1.localhost/headers HTTP/1.1\r\nHost: port1.localhost\r\n\r\n'],
  ['a tunnel', 'CONNECT port1.localhost:80 HTTP/1.1\r\nHost: port1.localhost\r\n\r\n'],
  ['TRACE', 'TRACE /headers HTTP/1.1\r\nHost: port1.localhost\r\n\r\n'],
  [
    'a length and chunks',
    'POST /upload HTTP/1.1\r\nHost: port1.localhost\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /headers HTTP/1.1\r\nHost: port1.localhost\r\n\r\n',
  ],
  ['two lengths', 'POST /upload HTTP/1.1\r\nHost: port1.localhost\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde'],
  [
    'a chunk size that is none',
    'POST /upload HTTP/1.1\r\nHost: port1.localhost\r\nTransfer-Encoding: chunked\r\n\r\n0x2\r\nab\r\n0\r\n\r\n',
  ],
  [
    'an encoding behind chunked',
    'POST /upload HTTP/1.1\r\nHost: port1.localhost\r\nTransfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n',
  ],
  ['a blank before the colon', 'GET /headers HTTP/1.1\r\nHost: port1.localhost\r\nContent-Length : 5\r\n\r\nhello'],
  ['a bare line feed in a header', 'GET /headers HTTP/1.1\r\nHost: port1.localhost\r\nX: a\nContent-Length: 5\r\n\r\nhello'],
] as const) {
  test(`a request with ${what} is refused before any guest hears of it`, async () => {
    await using made = await startWithGuest()
    await made.expose({ access: 'public' })
    const heard = await raw(made.server, request)
    assert.doesNotMatch(heard, /^HTTP\/1\.1 2/)
    assert.equal(made.guest.seen.filter(({ url }) => url !== '/upload').length, 0, heard)
  })
}

test('each owner has so many requests under way, and visitors of public ports take nothing of what is left for his own', async () => {
  await using made = await startWithGuest({ limits: { ...defaultLimits, 'public-port-requests': 1 } })
  const { hostname } = await made.expose({ access: 'public' })
  const socket = socketTo(made.server, hostname)
  assert.equal(await outcome(socket), 'open')
  const full = await made.ask(hostname, '/')
  assert.deepEqual([full.status, JSON.parse(full.text).code], [429, 'too_many_port_requests'])
  const mine = await made.expose()
  assert.equal((await made.ask(mine.hostname, '/', { headers: asAlice })).status, 200)
  const closed = once([...made.guest.sockets.clients][0] ?? socket, 'close')
  socket.terminate()
  await closed
  let status = 0
  await until('a place to be free', () => {
    void made.ask(hostname, '/').then(
      (answer) => {
        status = answer.status
      },
      () => {},
    )
    return status === 200
  })
})

test('clients that go away at any moment harm nobody', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose({ access: 'public' })
  const head = (path: string, more: string) => `GET ${path} HTTP/1.1\r\nHost: ${hostname}\r\n${more}\r\n`
  const upgrade =
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n'
  for (let turn = 0; turn < 120; turn += 1) {
    const socket = connect(Number(made.port), '127.0.0.1')
    socket.on('error', () => {})
    await once(socket, 'connect')
    socket.write(turn % 2 === 0 ? head('/headers', '') : head('/ws', upgrade))
    let left = turn % 24
    const leave = () => {
      left -= 1
      if (left > 0) setImmediate(leave)
      else socket.resetAndDestroy()
    }
    leave()
    await once(socket, 'close')
  }
  assert.equal((await made.ask(hostname, '/headers')).status, 200)
})
