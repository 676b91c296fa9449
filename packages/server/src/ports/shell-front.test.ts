import assert from 'node:assert/strict'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { ExposeShellRequest, Shell } from '@ramet/model/api/ports.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { WebSocket } from 'ws'
import { startWithGuest } from '../testing/guest-port.ts'
import { asAlice, record, until } from '../testing/start-for-test.ts'
import { playId, StubProcess } from '../testing/stub-services.ts'

const webFolder = join(tmpdir(), `ramet-shell-${process.pid}`)

before(async () => {
  await mkdir(join(webFolder, 'assets'), { recursive: true })
  await writeFile(join(webFolder, 'index.html'), 'the app')
  await writeFile(join(webFolder, 'shell.html'), 'the shell’s page')
  await writeFile(join(webFolder, 'assets', 'shell-1a2b.js'), 'code')
})
after(() => rm(webFolder, { recursive: true, force: true }))

async function startWithShell(body: ExposeShellRequest = {}, options: Parameters<typeof startWithGuest>[0] = {}) {
  const made = await startWithGuest({ webFolder, ...options })
  const asked = await fetch(made.server.endpoint + routes.shells(playId), {
    method: 'POST',
    headers: asAlice,
    body: JSON.stringify(body),
  })
  assert.equal(asked.status, 200)
  const shell = (await asked.json()) as Shell
  const terminal = (headers: Record<string, string> = {}, path = '/terminal?cols=90&rows=20') => {
    const socket = new WebSocket(made.server.endpoint.replace('http', 'ws') + path, {
      headers: { host: `${shell.hostname}:${made.port}`, ...headers },
    })
    return { socket, received: record(socket) }
  }
  return { ...made, shell, terminal }
}
const text = ({ bytes }: { bytes: Buffer[] }) => Buffer.concat(bytes).toString()

test('the endpoints have labctl’s keys', async () => {
  await using made = await startWithShell({ machine: 'debian', user: 'laborant', access: '' })
  assert.deepEqual(made.shell, {
    id: '1'.padStart(24, '0'),
    playId,
    machine: 'debian',
    user: 'laborant',
    hostname: 'port1.localhost',
    access: 'private',
    url: `http://port1.localhost:${made.port}/`,
  })
  const listed = async (path: string) => (await fetch(made.server.endpoint + path, { headers: asAlice })).json()
  assert.deepEqual(await listed(routes.shells(playId)), [made.shell])
  assert.deepEqual(await listed(routes.ports(playId)), [])
  for (const body of [{ user: 'a b' }, { access: 'all' }, { machine: 1 }]) {
    const refused = await fetch(made.server.endpoint + routes.shells(playId), {
      method: 'POST',
      headers: asAlice,
      body: JSON.stringify(body),
    })
    assert.equal(refused.status, 400, JSON.stringify(body))
  }
})

test('a private shell is a page for its owner alone, which runs its own code, is framed by nobody, and shows nothing of the app or a guest', async () => {
  await using made = await startWithShell()
  const { hostname } = made.shell
  for (const path of ['/', '/about', '/assets/shell-1a2b.js', '/terminal'])
    assert.equal((await made.ask(hostname, path)).status, 401, path)
  assert.equal((await made.ask(hostname, '/', { headers: { authorization: 'Bearer bob-token' } })).status, 403)
  const { cookie } = await made.enter('port1')
  const page = await made.ask(hostname, '/', { headers: { cookie } })
  assert.deepEqual([page.status, page.text], [200, 'the shell’s page'])
  assert.equal(page.headers['x-frame-options'], 'DENY')
  assert.equal(page.headers['cross-origin-opener-policy'], 'same-origin')
  const policy = String(page.headers['content-security-policy'])
  for (const rule of ["default-src 'none'", "script-src 'self'", "frame-ancestors 'none'", `ws://${hostname}:${made.port}`])
    assert.ok(policy.includes(rule), rule)
  assert.equal(page.headers['set-cookie'], undefined)
  const about = await made.ask(hostname, '/about', { headers: { cookie } })
  assert.deepEqual(JSON.parse(about.text), { machine: 'debian', user: 'root', access: 'private' })
  assert.equal((await made.ask(hostname, '/assets/shell-1a2b.js', { headers: { cookie } })).text, 'code')
  for (const path of ['/index.html', '/assets/', '/assets/%2e%2e/index.html', '/api/health', '/shell.html'])
    assert.equal((await made.ask(hostname, path, { headers: { cookie } })).status, 404, path)
  assert.equal((await made.ask(hostname, '/', { method: 'POST', headers: { cookie } })).status, 404)
  assert.equal((await fetch(`${made.server.endpoint}/shell.html`)).status, 404)
  assert.equal(made.guest.seen.length, 0)
})

test('its owner finds the same shell again', async () => {
  await using made = await startWithShell()
  const { cookie } = await made.enter('port1')
  const first = made.terminal({ cookie, origin: `http://${made.shell.hostname}:${made.port}` })
  await until('the shell', () => first.received.messages[0])
  assert.deepEqual(first.received.messages[0], { type: 'ready', resumed: false })
  first.socket.send(Buffer.from('typed'))
  await until('its echo', () => text(first.received) === 'typed')
  first.socket.close()
  await until('the end', () => first.received.closed)
  const second = made.terminal({ cookie })
  await until('the same shell', () => text(second.received) === 'typed')
  assert.deepEqual(second.received.messages[0], { type: 'ready', resumed: true })
})

test('each visitor of a public shell has one of his own, which ends with his connection', async () => {
  await using made = await startWithShell({ access: 'public', user: 'guest' })
  const process = new StubProcess()
  made.server.services.nextProcess = process
  const { socket, received } = made.terminal()
  await until('the shell', () => received.messages[0])
  assert.deepEqual(made.server.services.executed.at(-1), {
    command: '',
    options: { user: 'guest', pty: { term: 'xterm-256color', cols: 90, rows: 20 } },
  })
  process.stdout.write('$ ')
  await until('its prompt', () => text(received) === '$ ')
  socket.send(JSON.stringify({ type: 'resize', cols: 100, rows: 30 }))
  await until('its new size', () => process.sizes.includes('100x30'))
  socket.close()
  await until('the shell to be hung up', () => process.isClosed)
})

test('a page of another origin opens neither a private nor a public shell', async () => {
  for (const access of ['private', 'public'] as const) {
    await using made = await startWithShell({ access })
    const { cookie } = await made.enter('port1')
    const foreign: Record<string, string>[] = [
      { origin: `http://other.localhost:${made.port}` },
      { 'sec-fetch-site': 'same-site' },
    ]
    for (const headers of foreign) {
      const { received } = made.terminal({ cookie, ...headers })
      await until('a refusal', () => received.refused)
      assert.deepEqual([received.refused?.status, received.refused?.body.code], [403, 'forbidden_origin'])
    }
  }
})

test('a shell that is published no more ends for whoever has it open, at once, and what he still types reaches nobody', async () => {
  await using made = await startWithShell({ access: 'public' })
  const process = new StubProcess()
  made.server.services.nextProcess = process
  const { socket, received } = made.terminal()
  await until('the shell', () => received.messages[0])
  const removed = await fetch(made.server.endpoint + routes.shell(playId, made.shell.id), { method: 'DELETE', headers: asAlice })
  assert.equal(removed.status, 200)
  socket.send(Buffer.from('too late'))
  await until('the end', () => received.closed)
  assert.equal(received.messages.at(-1)?.code, 'not_found')
  await until('the shell to be hung up', () => process.isClosed)
  assert.equal(process.stdin.read(), null)
  assert.equal((await made.ask(made.shell.hostname, '/')).status, 404)
})

test('a shell whose visitor’s login has ended, or whose owner is let in no more, ends too', async () => {
  await using made = await startWithShell({}, { recheckMs: 20 })
  await fetch(made.server.endpoint + routes.login(), { method: 'POST', body: '{"token":"login"}' })
  const { cookie } = await made.enter('port1', 'alice-session')
  const { received } = made.terminal({ cookie })
  await until('the shell', () => received.messages[0])
  await fetch(made.server.endpoint + routes.logout(), { method: 'POST', headers: { authorization: 'Bearer alice-session' } })
  await until('the end', () => received.closed)
  assert.equal(received.messages.at(-1)?.code, 'sign_in_needed')

  await using open = await startWithShell({ access: 'public' }, { recheckMs: 20 })
  const visitor = open.terminal()
  await until('the shell', () => visitor.received.messages[0])
  // As the store answers for an owner who was disabled.
  open.server.services.ports.find = async () => undefined
  await until('the end', () => visitor.received.closed)
})

test('until the web app is built a page waits for it', async () => {
  await using made = await startWithShell(
    { access: 'public' },
    { webFolder: join(webFolder, 'none'), webState: () => 'building' },
  )
  const { status, text: said } = await made.ask(made.shell.hostname, '/')
  assert.equal(status, 503)
  assert.match(said, /being built/)
})
