import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { duplexPair } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { RametError } from '@ramet/model/errors/error.ts'
import { WebSocket, WebSocketServer } from 'ws'
import { serveMachinePort } from './serve-machine-port.ts'

/** A machine that listens when it is asked to: tells of connections by real websockets. */
async function startMachine() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const arrived = new Map<string, ReturnType<typeof duplexPair>>()
  const refusals: RametError[] = []
  const listened: number[] = []
  return {
    server,
    refusals,
    listened,
    tunnel: {
      async listen(_host: string, at: number) {
        const refusal = refusals.shift()
        if (refusal) throw refusal
        const socket = new WebSocket(`ws://127.0.0.1:${port}`)
        await once(socket, 'open')
        listened.push(at)
        return socket
      },
      async claim(name: string) {
        return arrived.get(name)?.[0] ?? assert.fail(`there is no ${name}`)
      },
    },
    /** A program of the machine connects to the port. */
    connect(name: string) {
      const pair = duplexPair()
      arrived.set(name, pair)
      for (const socket of server.clients) socket.send(JSON.stringify({ type: 'connect', cid: name }))
      return pair[1]
    },
    async [Symbol.asyncDispose]() {
      for (const socket of server.clients) socket.terminate()
      server.close()
    },
  }
}

async function startLocal() {
  const server = createServer({ allowHalfOpen: true }, async (socket) => {
    socket.once('data', (data) => socket.end(`you said ${data}`))
    socket.on('error', () => {})
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: async () => void server.close() }
}

const lost = new RametError('connection_lost', 503, 'The server cannot be reached.')

test('what connects to the machine’s port reaches this computer, also after the connection was lost, until it is ended', async () => {
  await using machine = await startMachine()
  await using local = await startLocal()
  const notes: string[] = []
  const end = new AbortController()
  let ready = Promise.withResolvers<void>()
  const served = serveMachinePort({
    tunnel: machine.tunnel,
    port: 8080,
    to: { host: '127.0.0.1', port: local.port },
    signal: end.signal,
    ready: () => ready.resolve(),
    note: (said) => void notes.push(said),
    firstWaitMs: 1,
  })
  await ready.promise
  const first = machine.connect('one')
  first.write('hello')
  assert.equal(await text(first), 'you said hello')

  ready = Promise.withResolvers()
  machine.refusals.push(lost, new RametError('cannot_listen_there', 409, 'The old one is still there.'))
  for (const socket of machine.server.clients) socket.terminate()
  await ready.promise
  const second = machine.connect('two')
  second.write('again')
  assert.equal(await text(second), 'you said again')
  assert.deepEqual(machine.listened, [8080, 8080])
  assert.equal(notes.length, 3)

  const closed = once([...machine.server.clients][0] ?? assert.fail(), 'close')
  const reason = new Error('ctrl-c')
  end.abort(reason)
  await assert.rejects(served, reason)
  await closed
})

test('a port of this computer where nothing listens is said so, and the connection ends', async () => {
  await using machine = await startMachine()
  const local = await startLocal()
  await local[Symbol.asyncDispose]()
  const notes: string[] = []
  const end = new AbortController()
  const ready = Promise.withResolvers<void>()
  const served = serveMachinePort({
    tunnel: machine.tunnel,
    port: 8080,
    to: { host: '127.0.0.1', port: local.port },
    signal: end.signal,
    ready: () => ready.resolve(),
    note: (said) => void notes.push(said),
  })
  await ready.promise
  const inside = machine.connect('one')
  inside.on('error', () => {})
  inside.resume()
  await Promise.race([once(inside, 'end'), once(inside, 'close')])
  assert.match(notes.join(), /Nothing answers on 127\.0\.0\.1:\d+ \(ECONNREFUSED\)/)
  end.abort(new Error('over'))
  await assert.rejects(served, /over/)
})

for (const [what, refusal] of [
  ['a port that is taken at first', new RametError('cannot_listen_there', 409, 'taken')],
  ['a run that is gone', new RametError('not_found', 404, 'gone')],
] as const) {
  test(`${what} ends it with what was said`, async () => {
    await using machine = await startMachine()
    machine.refusals.push(refusal)
    await assert.rejects(
      serveMachinePort({
        tunnel: machine.tunnel,
        port: 80,
        to: { host: '127.0.0.1', port: 1 },
        signal: new AbortController().signal,
        ready: () => assert.fail(),
        note: () => {},
        firstWaitMs: 1,
      }),
      refusal,
    )
  })
}
