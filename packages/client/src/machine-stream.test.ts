import assert from 'node:assert/strict'
import test from 'node:test'
import { ackEveryBytes, type ClientMessage, outputs, windowBytes } from '@ramet/model/api/stream.ts'
import type { WebSocket } from 'ws'
import { createClient } from './client.ts'
import { answer, startStubServer, unusedEndpoint } from './testing/stub-server.ts'

const timeout = 20_000
const say = (socket: WebSocket, message: object) => socket.send(JSON.stringify(message))
const output = (channel: keyof typeof outputs, bytes: Uint8Array | string) =>
  Buffer.concat([Buffer.of(outputs[channel]), Buffer.from(bytes)])
const onMessages = (socket: WebSocket, take: (message: ClientMessage | Buffer) => void) =>
  socket.on('message', (data: Buffer, isBinary) => take(isBinary ? data : JSON.parse(data.toString())))

test('a command: first frame, input, end of input, both outputs, exit', { timeout }, async () => {
  const heard: unknown[] = []
  await using server = await startStubServer({
    webSocket: (socket, request) => {
      heard.push(request.headers.authorization, request.url)
      onMessages(socket, (message) => {
        heard.push(Buffer.isBuffer(message) ? message.toString() : message)
        if (Buffer.isBuffer(message)) {
          socket.send(output('stdout', message))
          socket.send(output('stderr', 'warned'))
        } else if (message.type === 'exec') {
          // Late: what is typed before must wait.
          setTimeout(() => say(socket, { type: 'ready' }), 50)
          heard.push('ready')
        } else if (message.type === 'eof') say(socket, { type: 'exit', code: 7 })
      })
    },
  })
  const client = createClient({ endpoint: server.endpoint, token: 'secret' })
  const stream = client.exec('a', 'm', { command: 'cat', user: 'root' })
  const got: string[] = []
  stream.onOutput((channel, bytes) => void got.push(`${channel}: ${Buffer.from(bytes)}`))
  await stream.write('hi')
  stream.eof()
  assert.deepEqual(await stream.exit, { code: 7, signal: undefined })
  assert.deepEqual(got, ['stdout: hi', 'stderr: warned'])
  assert.deepEqual(heard, [
    'Bearer secret',
    '/api/plays/a/machines/m/exec',
    { type: 'exec', command: 'cat', user: 'root' },
    'ready',
    'hi',
    { type: 'eof' },
  ])
})

test('a terminal says who and how big, and hears whether its shell was there', { timeout }, async () => {
  const url = Promise.withResolvers<string | undefined>()
  const resized = Promise.withResolvers<unknown>()
  await using server = await startStubServer({
    webSocket: (socket, request) => {
      url.resolve(request.url)
      onMessages(socket, resized.resolve)
      say(socket, { type: 'ready', resumed: true })
    },
  })
  using stream = createClient({ endpoint: server.endpoint }).terminal('a', 'm', 's', { user: 'me', cols: 80, rows: 24 })
  assert.equal(await url.promise, '/api/plays/a/machines/m/terminals/s?user=me&cols=80&rows=24')
  assert.deepEqual(await stream.ready, { resumed: true })
  stream.resize(100, 30)
  assert.deepEqual(await resized.promise, { type: 'resize', cols: 100, rows: 30 })
})

test('output is acknowledged only when it has been consumed, and the exit waits for it', { timeout }, async () => {
  const total = 4 * windowBytes
  let sent = 0
  let acknowledged = 0
  let mostInFlight = 0
  const marked = Promise.withResolvers<void>()
  await using server = await startStubServer({
    webSocket: (socket) => {
      const fill = () => {
        while (sent < total && sent - acknowledged < windowBytes) {
          socket.send(output('stdout', Buffer.alloc(16 * 1024, 'x')))
          sent += 16 * 1024
        }
        mostInFlight = Math.max(mostInFlight, sent - acknowledged)
        if (sent === total) say(socket, { type: 'exit', code: 0 })
      }
      onMessages(socket, (message) => {
        if (!Buffer.isBuffer(message) && message.type === 'resize') return marked.resolve()
        if (Buffer.isBuffer(message) || message.type !== 'ack') {
          say(socket, { type: 'ready' })
          return fill()
        }
        acknowledged += message.bytes
        fill()
      })
    },
  })
  const stream = createClient({ endpoint: server.endpoint }).exec('a', 'm', { command: 'yes' })
  const gate = Promise.withResolvers<void>()
  let consumed = 0
  let calls = 0
  const started = Promise.withResolvers<void>()
  stream.onOutput(async (_, bytes) => {
    calls += 1
    started.resolve()
    await gate.promise
    consumed += bytes.length
  })
  await started.promise
  // There and back once: acknowledgements that were sent too early would have come before it.
  stream.resize(80, 24)
  await marked.promise
  assert.deepEqual({ acknowledged, calls }, { acknowledged: 0, calls: 1 })
  gate.resolve()
  await stream.exit
  assert.equal(consumed, total)
  assert.equal(mostInFlight, windowBytes)
  assert.ok(total - acknowledged <= windowBytes + ackEveryBytes)
})

test('a big input arrives whole, and is held back while the server does not read', { timeout }, async () => {
  let received = 0
  const socketOf = Promise.withResolvers<WebSocket>()
  await using server = await startStubServer({
    webSocket: (socket) => {
      say(socket, { type: 'ready' })
      socket.pause()
      socketOf.resolve(socket)
      onMessages(socket, (message) => {
        if (Buffer.isBuffer(message)) received += message.length
        else if (message.type === 'eof') say(socket, { type: 'exit', code: 0 })
      })
    },
  })
  const stream = createClient({ endpoint: server.endpoint }).exec('a', 'm', { command: 'cat > file' })
  const size = 24 * 1024 * 1024
  let written = 0
  const writing = (async () => {
    for (; written < size; written += 64 * 1024) await stream.write(new Uint8Array(64 * 1024))
    stream.eof()
  })()
  const socket = await socketOf.promise
  // Until the kernel's buffers are full and the writer stands still.
  for (let before = -1; before !== written; await new Promise((resolve) => setTimeout(resolve, 200))) before = written
  assert.ok(written < size, `${written} bytes were taken though nobody reads`)
  socket.resume()
  await writing
  await stream.exit
  assert.equal(received, size)
})

test('a refused websocket is explained by the server’s own words', { timeout }, async () => {
  await using server = await startStubServer({
    request: (_, response) => answer(response, 404, { code: 'not_found', message: 'There is no run a.' }),
  })
  const client = createClient({ endpoint: server.endpoint })
  await assert.rejects(client.console('a', 'm').exit, { code: 'not_found' })
  await assert.rejects(createClient({ endpoint: await unusedEndpoint() }).console('a', 'm').ready, { code: 'server_unreachable' })
})

test('a cut connection is not an exit, and an error frame is told', { timeout }, async () => {
  await using server = await startStubServer({
    webSocket: (socket, request) => {
      if (request.url?.includes('console')) return socket.close(1000)
      if (request.url?.includes('/m/')) return socket.terminate()
      say(socket, { type: 'error', code: 'machine_unreachable', message: 'It is deaf.' })
      socket.close(1011)
    },
  })
  const client = createClient({ endpoint: server.endpoint })
  await assert.rejects(client.exec('a', 'm').exit, { code: 'connection_lost' })
  await assert.rejects(client.exec('a', 'n').exit, { code: 'machine_unreachable', message: 'It is deaf.' })
  assert.deepEqual(await client.console('a', 'm').exit, { code: 0 })
})
