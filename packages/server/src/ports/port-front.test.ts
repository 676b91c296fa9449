import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { defaultLimits } from '@ramet/model/access/limits.ts'
import type { ExposePortRequest, Port } from '@ramet/model/api/ports.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { portClosed } from '@ramet/model/errors/errors.ts'
import { WebSocket } from 'ws'
import { startGuestApp } from '../testing/guest-app.ts'
import { asAlice, type Started, start, until } from '../testing/start-for-test.ts'
import { bob, playId } from '../testing/stub-services.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Buffer
}

async function startWithGuest(options: Parameters<typeof start>[0] = {}) {
  const opened = new AsyncDisposableStack()
  const guest = opened.use(await startGuestApp())
  const server = opened.use(await start(options))
  server.services.dial = guest.dial
  const { port } = new URL(server.endpoint)
  const expose = async (body: Partial<ExposePortRequest> = {}): Promise<Port> => {
    const answer = await fetch(server.endpoint + routes.ports(playId), {
      method: 'POST',
      headers: asAlice,
      body: JSON.stringify({ number: 80, ...body }),
    })
    assert.equal(answer.status, 200)
    return (await answer.json()) as Port
  }
  const ask = (host: string, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest(
        { host: '127.0.0.1', port, path, method, headers: { host: `${host}:${port}`, ...headers }, agent: false },
        async (answer) => {
          let text = ''
          for await (const chunk of answer) text += chunk
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })
        },
      )
      asked.on('error', reject)
      asked.end(body)
    })
  /** The cookie by which Alice's browser is let into a port. */
  const enter = async (name: string, token = 'alice-token') => {
    const said = await fetch(server.endpoint + routes.portLogins(), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ name, to: '/headers' }),
    })
    assert.equal(said.status, 200)
    const url = new URL(((await said.json()) as { url: string }).url)
    const answer = await ask(url.hostname, url.pathname + url.search)
    return { url, answer, cookie: String(answer.headers['set-cookie']).split(';')[0] ?? '' }
  }
  return { guest, server, port, expose, ask, enter, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

const socketTo = ({ endpoint }: Started, host: string, headers: Record<string, string> = {}) => {
  const { port } = new URL(endpoint)
  return new WebSocket(`${endpoint.replace('http', 'ws')}/ws`, { headers: { host: `${host}:${port}`, ...headers } })
}

async function outcome(socket: WebSocket): Promise<number | 'open'> {
  socket.on('error', () => {})
  return new Promise((resolve) => {
    socket.once('open', () => resolve('open'))
    socket.once('unexpected-response', (request, answer) => {
      resolve(answer.statusCode ?? 0)
      request.destroy()
    })
  })
}

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

test('a private port shows a stranger where to sign in, and nothing of the guest', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose()
  const page = await made.ask(hostname, '/next?x="><script>', { headers: { accept: 'text/html' } })
  assert.equal(page.status, 401)
  assert.match(page.text, /Sign in to see this port/)
  assert.match(page.text, /href="http:\/\/127\.0\.0\.1:\d+\/enter-port\?name=port1&amp;to=%2Fnext%3Fx%3D%22%3E%3Cscript%3E"/)
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'/)
  const program = await made.ask(hostname, '/')
  assert.deepEqual([program.status, JSON.parse(program.text).code], [401, 'sign_in_needed'])
  const cookie = 'ramet_session_abcd=alice-token; __Host-ramet_session_abcd=alice-token; ramet_port=x'
  assert.equal((await made.ask(hostname, '/', { headers: { cookie } })).status, 401)
  assert.equal(await outcome(socketTo(made.server, hostname)), 401)
  assert.equal(made.guest.seen.length, 0)
})

test('the owner’s login becomes a cookie of the port’s host by a ticket that is good once', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose()
  const { answer, cookie, url } = await made.enter('port1')
  assert.deepEqual([answer.status, answer.headers.location], [303, '/headers'])
  assert.match(String(answer.headers['set-cookie']), /HttpOnly; SameSite=Lax$/)
  const seen = await made.ask(hostname, '/headers', { headers: { cookie: `${cookie}; own=1` } })
  assert.equal(seen.status, 200)
  assert.equal(JSON.parse(seen.text).cookie, 'own=1')
  const again = await made.ask(hostname, url.pathname + url.search)
  assert.equal(again.status, 403)
  const other = await made.expose({ number: 81 })
  assert.equal((await made.ask(other.hostname, '/headers', { headers: { cookie } })).status, 401)
  assert.equal((await made.ask(hostname, '/headers', { headers: asAlice })).status, 200)
})

test('another user gets 403: for a ticket, and with a token', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose()
  const asBob = { authorization: 'Bearer bob-token' }
  const answers = await Promise.all(
    ['port1', 'none'].map(async (name) => {
      const answer = await fetch(made.server.endpoint + routes.portLogins(), {
        method: 'POST',
        headers: asBob,
        body: JSON.stringify({ name }),
      })
      return [answer.status, await answer.text()]
    }),
  )
  assert.deepEqual(answers[0], answers[1])
  assert.equal(answers[0]?.[0], 403)
  assert.equal((await made.ask(hostname, '/', { headers: asBob })).status, 403)
  assert.equal(await outcome(socketTo(made.server, hostname, asBob)), 403)
  assert.equal(made.guest.seen.length, 0)
})

test('a pass ends with the login that it came from, also for what is open', async () => {
  await using made = await startWithGuest({ recheckMs: 20 })
  const { hostname } = await made.expose()
  const { server } = made
  await fetch(server.endpoint + routes.login(), { method: 'POST', body: '{"token":"login"}' })
  const { cookie } = await made.enter('port1', 'alice-session')
  const socket = socketTo(server, hostname, { cookie })
  assert.equal(await outcome(socket), 'open')
  const closed = once(socket, 'close')
  await fetch(server.endpoint + routes.logout(), { method: 'POST', headers: { authorization: 'Bearer alice-session' } })
  await closed
  assert.equal((await made.ask(hostname, '/headers', { headers: { cookie } })).status, 401)
})

test('what is open to a port ends when it is published no more', async () => {
  await using made = await startWithGuest({ recheckMs: 20 })
  const { hostname, id } = await made.expose({ access: 'public' })
  const socket = socketTo(made.server, hostname)
  assert.equal(await outcome(socket), 'open')
  const closed = once(socket, 'close')
  await fetch(made.server.endpoint + routes.port(playId, id), { method: 'DELETE', headers: asAlice })
  await closed
  assert.equal((await made.ask(hostname, '/')).status, 404)
})

test('a page of another origin asks a private port for nothing, though the browser sends the cookie; a link leads there', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose()
  const { cookie } = await made.enter('port1')
  const own = `http://${hostname}:${made.port}`
  const other = `http://other.localhost:${made.port}`
  const cases: [headers: Record<string, string>, method: string, status: number][] = [
    [{ 'sec-fetch-site': 'same-origin', origin: own }, 'POST', 200],
    [{ origin: own }, 'POST', 200],
    [{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 'GET', 200],
    [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }, 'GET', 200],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }, 'GET', 403],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' }, 'GET', 403],
    [{ 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', origin: other }, 'POST', 403],
    [{ origin: other }, 'POST', 403],
    [{ origin: other }, 'GET', 403],
    [{ origin: 'null' }, 'POST', 403],
  ]
  for (const [headers, method, status] of cases)
    assert.equal(
      (await made.ask(hostname, '/headers', { method, headers: { cookie, ...headers } })).status,
      status,
      JSON.stringify(headers),
    )
  assert.equal(await outcome(socketTo(made.server, hostname, { cookie, origin: own })), 'open')
  assert.equal(await outcome(socketTo(made.server, hostname, { cookie, origin: other })), 403)
})

test('a guest’s cookies are its own host’s, and what it says of the whole domain is dropped', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose({ access: 'public' })
  const { headers } = await made.ask(hostname, '/cookies')
  assert.deepEqual(headers['set-cookie'], ['plain=1; Path=/', 'wide=1; Path=/'])
  for (const name of ['clear-site-data', 'alt-svc', 'strict-transport-security', 'x-accel-redirect'])
    assert.equal(headers[name], undefined, name)
  assert.equal(headers['x-app'], 'kept')
})

test('events come as they are sent, and a large upload arrives whole', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose({ access: 'public' })
  const asked = httpRequest({ host: '127.0.0.1', port: made.port, path: '/events', headers: { host: hostname }, agent: false })
  asked.end()
  const [events] = (await once(asked, 'response')) as [IncomingMessage]
  const [first] = await once(events, 'data')
  assert.equal(String(first), 'data: first\n\n')
  asked.destroy()
  await until('the guest to see that nobody listens', () => made.guest.seen[0]?.destroyed)

  const bytes = 16 * 1024 ** 2
  const upload = await made.ask(hostname, '/upload', { method: 'POST', body: Buffer.alloc(bytes) })
  assert.equal(upload.text, String(bytes))
})

test('what the guest does not take is not read from the client', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose({ access: 'public' })
  made.server.services.dial = () => new Duplex({ read() {}, write() {} })
  const upload = httpRequest({
    host: '127.0.0.1',
    port: made.port,
    path: '/',
    method: 'POST',
    headers: { host: hostname },
    agent: false,
  })
  upload.on('error', () => {})
  let sent = 0
  const chunk = Buffer.alloc(1024 ** 2)
  // The kernel's own buffers of both sockets take some MiB.
  while (sent < 200 && upload.write(chunk)) sent += 1
  const drained = await Promise.race([
    once(upload, 'drain').then(() => true),
    new Promise((resolve) => setTimeout(resolve, 300, false)),
  ])
  while (drained && sent < 200 && upload.write(chunk)) sent += 1
  assert.ok(sent < 100, `${sent} MiB were taken`)
  upload.destroy()
})

test('websockets echo, a refused one is refused as the guest says, and others than websockets are not upgraded', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose({ access: 'public' })
  const socket = socketTo(made.server, hostname)
  assert.equal(await outcome(socket), 'open')
  socket.send('hello')
  const [data] = await once(socket, 'message')
  assert.equal(String(data), 'hello')
  const gone = once([...made.guest.sockets.clients][0] ?? socket, 'close')
  socket.close()
  await gone
  const refused = new WebSocket(`${made.server.endpoint.replace('http', 'ws')}/no`, { headers: { host: hostname } })
  assert.equal(await outcome(refused), 403)
  const upgraded = await made.ask(hostname, '/headers', { headers: { connection: 'upgrade', upgrade: 'h2c' } })
  assert.equal(JSON.parse(upgraded.text).upgrade, undefined)
})

test('host and path are rewritten, and a redirect of the guest to itself leads to the published host', async () => {
  await using made = await startWithGuest()
  const { hostname } = await made.expose({ access: 'public', hostRewrite: 'shop.local', pathRewrite: '/old:/headers' })
  const { text } = await made.ask(hostname, '/old?a', { headers: { origin: `http://${hostname}:${made.port}` } })
  const got = JSON.parse(text)
  assert.deepEqual([got.url, got.host, got.origin], ['/headers?a', 'shop.local', 'http://shop.local'])
  assert.equal(got['x-forwarded-host'], `${hostname}:${made.port}`)
  const { headers } = await made.ask(hostname, '/redirect')
  assert.equal(headers.location, `http://${hostname}:${made.port}/next?a=1`)
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

for (const [what, said] of [
  ['nothing', ''],
  ['what is no HTTP', 'SSH-2.0-OpenSSH\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
  ['a length and chunks', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['headers without end', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}`],
  [
    'a switch of protocols that nobody asked for',
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n',
  ],
] as const) {
  test(`a guest that answers ${what} is a bad gateway`, async () => {
    await using made = await startWithGuest()
    const { hostname } = await made.expose({ access: 'public' })
    made.server.services.dial = () => {
      const guest = new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() })
      setImmediate(() => {
        guest.push(said)
        guest.push(null)
      })
      return guest
    }
    const { status, text } = await made.ask(hostname, '/')
    assert.deepEqual([status, JSON.parse(text).code], [502, 'bad_gateway'])
  })
}

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

/** Sends bytes as they are; returns what comes until the connection ends. */
async function raw({ endpoint }: Started, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(endpoint).port), '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  socket.on('error', () => {})
  socket.end(bytes)
  await once(socket, 'close')
  return heard
}

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

test('the bounds of strangers hold at ports too, and each owner has so many requests under way', async () => {
  await using made = await startWithGuest({ limits: { ...defaultLimits, 'port-requests': 1 } })
  const { hostname } = await made.expose({ access: 'public' })
  const socket = socketTo(made.server, hostname)
  assert.equal(await outcome(socket), 'open')
  const full = await made.ask(hostname, '/')
  assert.deepEqual([full.status, JSON.parse(full.text).code], [429, 'too_many_port_requests'])
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

test('a ticket leads to a path of its own host and nowhere else', async () => {
  await using made = await startWithGuest()
  await made.expose()
  for (const to of ['//evil.example/', '/\\evil.example', 'https://evil.example/', 'x']) {
    const said = await fetch(made.server.endpoint + routes.portLogins(), {
      method: 'POST',
      headers: asAlice,
      body: JSON.stringify({ name: 'port1', to }),
    })
    const url = new URL(((await said.json()) as { url: string }).url)
    const { status, headers } = await made.ask(url.hostname, url.pathname + url.search)
    assert.deepEqual([status, headers.location], [303, '/'], to)
  }
})

test('another user’s ports are not his to see, publish or end', async () => {
  await using made = await startWithGuest()
  const { id } = await made.expose()
  const headers = { authorization: 'Bearer bob-token' }
  assert.equal(bob.name, 'bob')
  for (const [method, path, body] of [
    ['GET', routes.ports(playId), undefined],
    ['POST', routes.ports(playId), '{"number":80}'],
    ['DELETE', routes.port(playId, id), undefined],
    ['POST', routes.portScan(playId), undefined],
    ['GET', routes.portForwards(playId), undefined],
    ['POST', routes.portForwards(playId), '{"kind":"local"}'],
    ['DELETE', routes.portForward(playId, 0), undefined],
  ] as const) {
    const answer = await fetch(made.server.endpoint + path, { method, headers, ...(body ? { body } : {}) })
    assert.equal(answer.status, 404, `${method} ${path}`)
  }
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
