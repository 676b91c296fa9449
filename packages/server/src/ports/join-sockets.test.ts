import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { startWithGuest } from '../testing/guest-port.ts'
import { joinSockets } from './join-sockets.ts'

const upgrade = (host: string) =>
  `GET /ws HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`

/** A client and a guest at the two ends of a published port, once the guest has taken the websocket. */
async function openWebsocket(made: Awaited<ReturnType<typeof startWithGuest>>) {
  const met = Promise.withResolvers<Socket>()
  const listener = createServer({ allowHalfOpen: true }, (socket) => {
    socket.once('data', () => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
      met.resolve(socket)
    })
  }).listen(0, '127.0.0.1')
  await once(listener, 'listening')
  const { port } = listener.address() as AddressInfo
  made.server.services.dial = () => connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  const { hostname } = await made.expose({ access: 'public' })
  const client = connect({ port: Number(made.port), host: '127.0.0.1', allowHalfOpen: true })
  client.write(upgrade(hostname))
  const guest = await met.promise
  const [head] = await once(client, 'data')
  assert.match(String(head), /^HTTP\/1\.1 101 /)
  client.pause()
  return { client, guest, [Symbol.dispose]: () => listener.close() }
}

test('a client that ends its sending still gets what the guest answers, and the guest all that was sent', async () => {
  await using made = await startWithGuest()
  using open = await openWebsocket(made)
  open.client.end('x'.repeat(3_000_000))
  const got = await text(open.guest)
  open.guest.end(`got ${got.length}`)
  assert.equal(await text(open.client), 'got 3000000')
})

test('a guest that ends its sending still gets what the client says last, and the client all that was sent', async () => {
  await using made = await startWithGuest()
  using open = await openWebsocket(made)
  open.guest.end('x'.repeat(3_000_000))
  const got = await text(open.client)
  open.client.end(`got ${got.length}`)
  assert.equal(await text(open.guest), 'got 3000000')
})

test('what was sent last arrives though its sender has closed at once, and whoever stays is closed a while later', async () => {
  const [client, atServer] = duplexPair()
  const [inside, guest] = duplexPair()
  const joined = joinSockets(atServer, inside, { lingerMs: 100 })
  client.end('last')
  assert.equal(await text(guest), 'last')
  // It never ends its own sending.
  await joined
  assert.ok(atServer.destroyed && inside.destroyed)
})

test('a client that was lost ends the guest’s side', async () => {
  const [, atServer] = duplexPair()
  const [inside, guest] = duplexPair()
  const joined = joinSockets(atServer, inside)
  atServer.destroy(new Error('reset'))
  assert.equal(await text(guest), '')
  guest.end()
  await joined
})

test('one direction may go on for long when the other has ended, but not once a side is closed', async () => {
  const [client, atServer] = duplexPair()
  const [inside, guest] = duplexPair()
  const joined = joinSockets(atServer, inside, { lingerMs: 50, halfOpenMs: 60_000 })
  client.end('question')
  assert.equal(await text(guest), 'question')
  await new Promise((resolve) => setTimeout(resolve, 120))
  assert.equal(inside.destroyed, false)
  atServer.destroy(new Error('reset'))
  await joined
  assert.ok(inside.destroyed)
})
