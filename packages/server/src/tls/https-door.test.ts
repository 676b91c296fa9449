import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:https'
import { type Socket, connect as tcpConnect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { connect, type PeerCertificate, type TLSSocket } from 'node:tls'
import { routes } from '@ramet/model/api/routes.ts'
import { WebSocket } from 'ws'
import { assembleApp } from '../http/app.ts'
import { listen } from '../http/listen.ts'
import { openHttps } from '../server/open-https.ts'
import { asAlice, record, silent, until } from '../testing/start-for-test.ts'
import { playId, stubServices } from '../testing/stub-services.ts'

async function startBoth(options: { strangers?: number } = {}) {
  const home = await mkdtemp(join(tmpdir(), 'door-'))
  await mkdir(join(home, 'secrets'))
  const opened = new AsyncDisposableStack()
  opened.defer(() => rm(home, { recursive: true, force: true }))
  const assembled = assembleApp(stubServices(), { log: silent, endpoint: 'http://127.0.0.1', ...options })
  opened.defer(() => assembled.app.close())
  const plain = await listen(assembled.app, { host: '127.0.0.1', port: 0 })
  const config = {
    home,
    host: '127.0.0.1',
    httpsPort: 0,
    tlsFiles: undefined,
    publicUrl: undefined,
    names: [],
    portsDomain: 'localhost',
  }
  const { port, authority } = await openHttps({ config, installation: 'abcd', app: assembled, log: silent }, opened)
  return {
    plain,
    port: port ?? 0,
    ca: authority ?? '',
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

type Both = Awaited<ReturnType<typeof startBoth>>

function ask({ port, ca }: Both, path: string, { method = 'GET', headers = {}, host = 'localhost', body = '' } = {}) {
  return new Promise<{ status: number; body: string; cookie: string; peer: PeerCertificate }>((resolve, reject) => {
    const asked = request(
      {
        host: '127.0.0.1',
        servername: host,
        port,
        ca,
        path,
        method,
        headers: { host: `${host}:${port}`, ...headers },
        agent: false,
      },
      async (answer) => {
        const peer = (answer.socket as TLSSocket).getPeerCertificate()
        let text = ''
        for await (const chunk of answer) text += chunk
        resolve({ status: answer.statusCode ?? 0, body: text, cookie: String(answer.headers['set-cookie'] ?? ''), peer })
      },
    )
    asked.on('error', reject)
    asked.end(body)
  })
}

test('the API answers by https as by http, and a change by its own page alone', async () => {
  await using both = await startBoth()
  assert.equal((await ask(both, routes.health())).status, 200)
  assert.equal((await ask(both, routes.me())).status, 401)
  assert.equal((await ask(both, routes.me(), { headers: asAlice })).status, 200)
  const login = await ask(both, routes.login(), { method: 'POST', body: '{"token":"login"}' })
  assert.match(login.cookie, /^__Host-ramet_session_abcd=.*Secure/)
  const [cookie = ''] = login.cookie.split(';')
  const own = `https://localhost:${both.port}`
  for (const [origin, status] of [
    [own, 200],
    [both.plain, 403],
    ['https://localhost', 403],
    ['https://evil.example', 403],
  ] as const)
    assert.equal((await ask(both, routes.logout(), { method: 'POST', headers: { cookie, origin } })).status, status, origin)
})

test('who came by https is answered with https and wss', async () => {
  await using both = await startBoth()
  const { body } = await ask(both, routes.connections(playId), { method: 'POST', headers: asAlice })
  const { url } = JSON.parse(body)
  assert.match(url, new RegExp(`^wss://localhost:${both.port}/`))
  const plain = await fetch(both.plain + routes.connections(playId), { method: 'POST', headers: asAlice })
  assert.match(((await plain.json()) as { url: string }).url, /^ws:/)
  const socket = new WebSocket(url, { ca: both.ca })
  const received = record(socket)
  await until('the status', () => received.messages.length > 0)
  socket.terminate()
})

test('each name right below localhost has a certificate of its own, and no other name has one', async () => {
  await using both = await startBoth()
  const { peer } = await ask(both, '/', { host: 'abc.localhost' })
  assert.equal(peer.subjectaltname, 'DNS:abc.localhost')
  assert.match((await ask(both, routes.health())).peer.subjectaltname ?? '', /DNS:localhost/)
  await assert.rejects(ask(both, '/', { host: 'evil.example' }), { code: 'ERR_TLS_CERT_ALTNAME_INVALID' })
})

test('connections of one stranger are counted once by both doors, before keys are agreed on', async () => {
  await using both = await startBoth({ strangers: 3 })
  const silentOnes: Socket[] = []
  const more = async (count: number) => {
    const added = Array.from({ length: count }, () => tcpConnect(both.port, '127.0.0.1').on('error', () => {}))
    await Promise.all(added.map((socket) => new Promise((resolve) => socket.once('connect', resolve))))
    silentOnes.push(...added)
  }
  await more(3)
  assert.equal((await ask(both, routes.health())).status, 429)
  assert.equal((await fetch(both.plain + routes.health())).status, 429)
  assert.equal((await ask(both, routes.me(), { headers: asAlice })).status, 200)
  await more(9)
  await assert.rejects(ask(both, routes.me(), { headers: asAlice }))
  for (const socket of silentOnes) socket.destroy()
  let status = 0
  await until('a place to be free', () => {
    void ask(both, routes.health()).then(
      (answer) => {
        status = answer.status
      },
      () => {},
    )
    return status === 200
  })
})

test('what is no TLS gets nothing, and harms nobody', async () => {
  await using both = await startBoth()
  const socket = tcpConnect(both.port, '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  socket.on('error', () => {})
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write('GET /api/health HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await closed
  assert.doesNotMatch(heard, /HTTP/)
  const http2 = connect({
    host: '127.0.0.1',
    port: both.port,
    ca: both.ca,
    servername: 'localhost',
    ALPNProtocols: ['h2', 'http/1.1'],
  })
  await new Promise((resolve) => http2.once('secureConnect', resolve))
  assert.equal(http2.alpnProtocol, 'http/1.1')
  http2.destroy()
  assert.equal((await ask(both, routes.health())).status, 200)
})
