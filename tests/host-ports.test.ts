import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { createClient } from '@ramet/client/client.ts'
import type { Client } from '@ramet/client/client-shape.ts'
import type { Port } from '@ramet/model/api/ports.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import { until } from './harness/processes.ts'
import { TestServer } from './harness/server.ts'

/** Ports of the host that lead to machines, as their users meet them, on the fake world: its machines send back what comes to their port 7, by TCP and UDP. */
describe('ports of the host', { concurrency: false }, () => {
  const server = new TestServer({ fake: true })
  let id = ''
  let api: Client
  let tcp: Port
  let udp: Port

  const refused = (work: Promise<unknown>, code: string) =>
    assert.rejects(work, (error: RametError) => {
      assert.equal(error.code, code, error.message)
      assert.ok(error.hint)
      return true
    })
  /** What comes back of `text`; undefined when the connection is refused or ends. */
  const byTcp = (port: number, text: string) =>
    new Promise<string | undefined>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('data', (chunk) => {
        resolve(chunk.toString())
        socket.destroy()
      })
      socket.once('close', () => resolve(undefined))
      socket.on('error', () => {})
      socket.write(text)
    })
  /** As `byTcp`; asks again, since datagrams get lost. */
  const byUdp = async (port: number, text: string, withinMs = 5000) => {
    const socket = createSocket('udp4')
    socket.on('error', () => {})
    const again = setInterval(() => socket.send(text, port, '127.0.0.1'), 100)
    try {
      const [back] = await once(socket, 'message', { signal: AbortSignal.timeout(withinMs) })
      return String(back)
    } catch {
      return undefined
    } finally {
      clearInterval(again)
      socket.close()
    }
  }
  const hostPortOf = ({ hostPort = 0 }: Port) => hostPort

  before(async () => {
    await server.start()
    api = await server.client()
    id = (await server.ok('playground', 'start', 'debian', '-q')).trim()
  })
  after(() => server.dispose())

  test('TCP and UDP go to the machine and back, and are listed', async () => {
    const url = (await server.ok('expose', id, '7', '--tcp', '0', '-q')).trim()
    assert.match(url, /^tcp:\/\/127\.0\.0\.1:\d+$/)
    udp = await api.ports.expose(id, { number: 7, protocol: 'udp', hostPort: 0 })
    const listed = await api.ports.list(id)
    tcp = listed.find((port) => port.url === url) ?? assert.fail(JSON.stringify(listed))
    assert.deepEqual([tcp.protocol, tcp.hostname, tcp.number, tcp.access], ['tcp', '127.0.0.1', 7, 'public'])
    assert.equal(await byTcp(hostPortOf(tcp), 'hello'), 'hello')
    assert.equal(await byUdp(hostPortOf(udp), 'hello'), 'hello')
    assert.match(await server.ok('expose', 'list', id), new RegExp(`port +debian +7 +public +${url}\n`))
    // The same once more is what there is; another host port is another.
    assert.deepEqual(await api.ports.expose(id, { number: 7, protocol: 'tcp', hostPort: tcp.hostPort }), tcp)
    assert.deepEqual(await api.ports.expose(id, { number: 7, protocol: 'udp', hostPort: 0 }), udp)
  })

  test('what is taken, not permitted or not understood is refused, and leaves nothing', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port: taken } = other.address() as AddressInfo
    const before = await api.ports.list(id)
    await refused(api.ports.expose(id, { number: 8, protocol: 'tcp', hostPort: taken }), 'host_port_taken')
    await refused(api.ports.expose(id, { number: 8, protocol: 'tcp', hostPort: hostPortOf(tcp) }), 'host_port_taken')
    await refused(
      api.ports.expose(id, { number: 8, protocol: 'tcp', hostPort: hostPortOf(tcp), listen: '0.0.0.0' }),
      'host_port_taken',
    )
    await refused(
      api.ports.expose(id, { number: 7, protocol: 'tcp', hostPort: 0, listen: '203.0.113.9' }),
      'host_address_unknown',
    )
    for (const body of [
      { hostPort: 5000 },
      { listen: '127.0.0.1' },
      { protocol: 'tcp', tls: true },
      { protocol: 'tcp', pathRewrite: '/a' },
    ] as const)
      await assert.rejects(api.ports.expose(id, { number: 7, ...body }), { code: 'invalid_input' })
    other.close()
    assert.deepEqual(await api.ports.list(id), before)

    const asBob = async ({ token }: { token: string }) => {
      const login = await fetch(`${server.endpoint}/api/auth/login`, { method: 'POST', body: JSON.stringify({ token }) })
      const session = login.headers.getSetCookie()[0]?.split(';')[0]?.split('=')[1]
      return createClient({ endpoint: server.endpoint, token: session })
    }
    const bob = await asBob((await api.users.create({ name: 'bob' })).invitation)
    const own = (await bob.plays.start({ playground: 'debian' })).id
    await refused(bob.ports.expose(own, { number: 7, protocol: 'tcp', hostPort: 1023 }), 'host_port_not_permitted')
    await refused(bob.ports.expose(own, { number: 7, protocol: 'udp', hostPort: 53 }), 'host_port_not_permitted')
    await refused(
      bob.ports.expose(own, { number: 7, protocol: 'tcp', hostPort: 0, listen: '0.0.0.0' }),
      'host_port_not_permitted',
    )
    await assert.rejects(bob.ports.expose(id, { number: 7, protocol: 'tcp', hostPort: 0 }), { code: 'not_found' })
    const his = await bob.ports.expose(own, { number: 7, protocol: 'tcp', hostPort: 0 })
    await until('his run', async () => (await bob.plays.get(own)).state === 'RUNNING')
    await until('his port to answer', async () => (await byTcp(hostPortOf(his), 'bob')) === 'bob')
    const open = connect(hostPortOf(his), '127.0.0.1')
    open.on('error', () => {})
    open.write('x')
    await once(open, 'data')
    const closed = new Promise((resolve) => open.once('close', resolve))
    await api.users.change('bob', { disabled: true })
    await closed
    assert.equal(await byTcp(hostPortOf(his), 'bob'), undefined)
    await api.users.change('bob', { disabled: false })
    assert.equal(await byTcp(hostPortOf(his), 'back'), 'back')
    await (await asBob(await api.users.invite('bob'))).plays.destroy(own)
  })

  test('they wait while the run is off, and are there again after a restart of the run and of the server', async () => {
    await server.ok('playground', 'stop', id, '-q')
    assert.equal(await byTcp(hostPortOf(tcp), 'off'), undefined)
    await refused(api.ports.expose(id, { number: 9, protocol: 'tcp', hostPort: hostPortOf(tcp) }), 'host_port_taken')
    await server.restart({ RAMET_PORT: new URL(server.endpoint).port })
    api = await server.client()
    await server.ok('playground', 'restart', id, '-q')
    assert.equal(await byTcp(hostPortOf(tcp), 'again'), 'again')
    assert.equal(await byUdp(hostPortOf(udp), 'again'), 'again')
  })

  test('a clone has none of them', async () => {
    const [clone] = await api.plays.clone(id, { live: true })
    assert.deepEqual(await api.ports.list(clone?.id ?? ''), [])
    await server.ok('playground', 'destroy', clone?.id ?? '', '-q')
  })

  test('what is published no more is cut at once, and its port is free; what a destroyed run had is free for the next who asks', async () => {
    const open = connect(hostPortOf(tcp), '127.0.0.1')
    open.on('error', () => {})
    open.write('x')
    await once(open, 'data')
    const closed = new Promise((resolve) => open.once('close', resolve))
    await server.ok('expose', 'remove', id, tcp.id)
    await closed
    const again = createServer().listen(hostPortOf(tcp), '127.0.0.1')
    await once(again, 'listening')
    again.close()
    await server.ok('playground', 'destroy', id, '-q')
    const next = (await server.ok('playground', 'start', 'debian', '-q')).trim()
    const heir = await api.ports.expose(next, { number: 7, protocol: 'udp', hostPort: udp.hostPort })
    assert.equal(await byUdp(hostPortOf(heir), 'heir'), 'heir')
    await server.ok('playground', 'destroy', next, '-q')
  })
})
