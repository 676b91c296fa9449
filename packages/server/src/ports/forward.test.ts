import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { Duplex } from 'node:stream'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { outcome, socketTo, startWithGuest } from '../testing/guest-port.ts'
import { until } from '../testing/start-for-test.ts'

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
