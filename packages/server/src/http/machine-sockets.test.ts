import assert from 'node:assert/strict'
import { PassThrough } from 'node:stream'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { outputs, windowBytes } from '@ramet/model/api/stream.ts'
import { machineUnreachable } from '@ramet/model/errors/errors.ts'
import { send, startExec } from '../testing/start-exec.ts'
import { record, start, until } from '../testing/start-for-test.ts'
import { playId, StubProcess } from '../testing/stub-services.ts'
import { maxFrameBytes } from './web-sockets.ts'

const exec = routes.exec(playId, 'debian')
for (const [name, path, headers, status, code] of [
  ['no credentials', exec, {}, 401, 'not_authenticated'],
  ['the run of somebody else', exec, { authorization: 'Bearer bob-token' }, 404, 'not_found'],
  ['a session name with a slash', routes.terminal(playId, 'debian', 'a/b'), undefined, 400, 'invalid_input'],
  ['a size out of bounds', `${routes.terminal(playId, 'debian', 'a')}?cols=0`, undefined, 400, 'invalid_input'],
  ['a path that is not there', '/api/nothing', undefined, 404, 'not_found'],
  ['a path that cannot be decoded', '/api/plays/%zz/machines/debian/exec', undefined, 404, 'not_found'],
] as const) {
  test(`a websocket with ${name} is refused by ${status} before it is accepted`, async () => {
    await using server = await start()
    const received = record(server.socket(path, headers))
    await until('a refusal', () => received.refused)
    assert.deepEqual([received.refused?.status, received.refused?.body.code], [status, code])
  })
}

test('a command gets its input and its end, and its output, errors and exit status come back', async () => {
  await using server = await start()
  const { socket, received, process } = await startExec(server)
  assert.deepEqual(server.services.executed, [{ command: 'work', options: { user: 'root' } }])
  const input: Buffer[] = []
  process.stdin.on('data', (chunk: Buffer) => input.push(chunk))
  process.stdin.on('end', () => {
    process.stdout.write(Buffer.concat(input))
    process.stderr.write('done\n')
    process.end(7)
  })
  socket.send(Buffer.from('one '))
  send(socket, { type: 'resize', cols: 100, rows: 30 })
  send(socket, { type: 'signal', name: 'INT' })
  socket.send(Buffer.from('two'))
  send(socket, { type: 'eof' })
  await until('the end', () => received.closed)
  assert.equal(received.closed?.code, 1000)
  assert.equal(Buffer.concat(received.bytes).toString().includes('one two'), true)
  assert.deepEqual([...received.channels].sort(), [outputs.stdout, outputs.stderr])
  assert.deepEqual(received.messages.at(-1), { type: 'exit', code: 7 })
  assert.deepEqual([process.sizes, process.signals], [['100x30'], ['INT']])
})

test('input and its end sent right behind the command are not lost', async () => {
  await using server = await start()
  const process = new StubProcess()
  server.services.nextProcess = process
  const socket = server.socket(exec)
  socket.on('error', () => {})
  socket.on('open', () => {
    send(socket, { type: 'exec', command: 'cat' })
    for (let at = 0; at < 50; at += 1) socket.send(Buffer.from(`${at} `))
    send(socket, { type: 'eof' })
  })
  const input: Buffer[] = []
  process.stdin.on('data', (chunk: Buffer) => input.push(chunk))
  await until('the end of the input', () => process.stdin.readableEnded)
  assert.equal(Buffer.concat(input).toString(), Array.from({ length: 50 }, (_, at) => `${at} `).join(''))
  socket.terminate()
})

test('a client that does not acknowledge stops the source, and acknowledging lets it go on', async () => {
  await using server = await start()
  const { socket, received, process } = await startExec(server)
  const chunk = Buffer.alloc(16 * 1024, 'x')
  let written = 0
  const total = 4 * windowBytes
  const produce = () => {
    while (written < total) {
      written += chunk.length
      if (!process.stdout.write(chunk)) return void process.stdout.once('drain', produce)
    }
    process.end(0)
  }
  produce()
  await until('a full window', () => received.byteCount > windowBytes)
  await until('a stopped source', () => process.stdout.isPaused())
  const stoppedAt = written
  send(socket, { type: 'resize', cols: 9, rows: 9 })
  await until('a later message', () => process.sizes.length === 1)
  assert.equal(written, stoppedAt)
  assert.ok(written <= windowBytes + 8 * chunk.length, `${written} bytes were taken from the source`)

  let acknowledged = 0
  while (!received.closed) {
    const bytes = received.byteCount - acknowledged
    acknowledged += bytes
    if (bytes > 0) send(socket, { type: 'ack', bytes })
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
  assert.equal(received.byteCount, total)
  assert.deepEqual(received.messages.at(-1), { type: 'exit', code: 0 })
})

test('what a client sends after its fault holds nothing up: the websocket closes at once', async () => {
  await using server = await start()
  const { promise: never } = Promise.withResolvers<never>()
  server.services.machines.exec = () => never
  const socket = server.socket(exec)
  const received = record(socket)
  socket.on('open', () => {
    send(socket, { type: 'exec', command: 'work' })
    send(socket, { type: 'resize', cols: -1, rows: 1 })
    socket.send(Buffer.from('and more'))
  })
  await until('the end', () => received.closed)
  assert.equal(received.closed?.code, 1008)
})

test('input that the guest does not take is held back, and other clients are still served', async () => {
  await using server = await start()
  const { socket, process } = await startExec(server)
  const frame = Buffer.alloc(64 * 1024)
  for (let at = 0; at < 512; at += 1) socket.send(frame)
  await until('held input', () => process.stdin.writableNeedDrain)
  assert.equal((await fetch(server.endpoint + routes.health())).status, 200)
  assert.ok(process.stdin.writableLength + process.stdin.readableLength < 2 * maxFrameBytes)
  let taken = 0
  process.stdin.on('data', (chunk: Buffer) => {
    taken += chunk.length
  })
  await until('all of it', () => taken === 512 * frame.length)
  socket.terminate()
})

test('a command that echoes far more than the window does not lock up with a client that acknowledges behind its input', async () => {
  await using server = await start()
  const { socket, received, process } = await startExec(server)
  process.stdin.pipe(process.stdout, { end: false })
  process.stdin.on('end', () => process.end(0))
  const frame = Buffer.alloc(64 * 1024)
  const frames = 256
  for (let at = 0; at < frames; at += 1) socket.send(frame)
  send(socket, { type: 'eof' })
  socket.on('message', (data: Buffer, isBinary) => isBinary && send(socket, { type: 'ack', bytes: data.length - 1 }))
  await until('the end', () => received.closed, 20_000)
  assert.equal(received.byteCount, frames * frame.length)
})

for (const [name, fault] of [
  ['acknowledges more than was sent', { type: 'ack', bytes: 1 }],
  ['sends what is no message', { type: 'rm' }],
  ['sends a second command', { type: 'exec', command: 'more' }],
] as const) {
  test(`a client that ${name} is closed with 1008, and its command ends`, async () => {
    await using server = await start()
    const { socket, received, process } = await startExec(server)
    send(socket, fault)
    await until('the close', () => received.closed)
    assert.equal(received.closed?.code, 1008)
    await until('the end of the command', () => process.isClosed)
  })
}

test('a command that is too long is refused with how long it may be', async () => {
  await using server = await start()
  const socket = server.socket(exec)
  const received = record(socket)
  socket.on('open', () => send(socket, { type: 'exec', command: 'x'.repeat(131_073) }))
  await until('the close', () => received.closed)
  assert.equal(received.closed?.code, 1008)
  assert.match(received.closed?.reason ?? '', /command: must have at most 131072 characters; send more as its input/)
})

test('input before the command is a fault', async () => {
  await using server = await start()
  const socket = server.socket(exec)
  const received = record(socket)
  socket.on('open', () => socket.send(Buffer.from('hello')))
  await until('the close', () => received.closed)
  assert.equal(received.closed?.code, 1008)
})

test('a frame larger than allowed closes the websocket and ends the command', async () => {
  await using server = await start()
  const { socket, received, process } = await startExec(server)
  socket.send(Buffer.alloc(maxFrameBytes + 1))
  await until('the close', () => received.closed)
  assert.equal(received.closed?.code, 1009)
  await until('the end of the command', () => process.isClosed)
})

test('a websocket that goes away ends its command', async () => {
  await using server = await start()
  const { socket, process } = await startExec(server)
  socket.terminate()
  await until('the end of the command', () => process.isClosed)
})

test('a client that left while its command was being started leaves none behind', async () => {
  await using server = await start()
  const process = new StubProcess()
  const slow = Promise.withResolvers<StubProcess>()
  let asked = false
  server.services.machines.exec = () => {
    asked = true
    return slow.promise
  }
  const socket = server.socket(exec)
  socket.on('error', () => {})
  socket.on('open', () => send(socket, { type: 'exec' }))
  await until('the start', () => asked)
  socket.terminate()
  await until('its end', () => socket.readyState === socket.CLOSED)
  slow.resolve(process)
  await until('the end of the command', () => process.isClosed)
})

test('a machine that cannot be reached is told as an error, with what to do', async () => {
  await using server = await start()
  server.services.machines.exec = async () => {
    throw machineUnreachable('debian', 'it is off')
  }
  const socket = server.socket(exec)
  const received = record(socket)
  socket.on('open', () => send(socket, { type: 'exec' }))
  await until('the close', () => received.closed)
  assert.equal(received.closed?.code, 1011)
  assert.equal(received.messages[0]?.code, 'machine_unreachable')
  assert.match(String(received.messages[0]?.hint), /console/)
})

test('a machine that the run does not have is told, with those it has', async () => {
  await using server = await start()
  for (const path of [routes.exec(playId, 'db'), routes.terminal(playId, 'db', 'a'), routes.console(playId, 'db')]) {
    const received = record(server.socket(path))
    await until('the close', () => received.closed)
    assert.equal(received.messages[0]?.code, 'unknown_machine')
    assert.match(String(received.messages[0]?.hint), /debian/)
  }
})

test('a connection to the guest that breaks is told, without its insides', async () => {
  await using server = await start()
  const { received, process } = await startExec(server)
  process.lose(new Error('channel 7 of /run/secret closed'))
  await until('the close', () => received.closed)
  assert.equal(received.messages.at(-1)?.code, 'internal_error')
})

test('a terminal is left, found again with its scrollback, and ends with its shell', async () => {
  await using server = await start()
  const path = `${routes.terminal(playId, 'debian', 'main')}?cols=80&rows=24`
  const first = server.socket(path)
  const before = record(first)
  await until('ready', () => before.messages.length === 1)
  assert.deepEqual(before.messages, [{ type: 'ready', resumed: false }])
  first.send(Buffer.from('X=5\n'))
  await until('the echo', () => Buffer.concat(before.bytes).toString() === 'X=5\n')
  first.terminate()
  const shell = server.services.shells.get('main')
  await until('detached', () => shell?.attached.size === 0)

  const second = server.socket(path)
  const after = record(second)
  await until('the scrollback', () => Buffer.concat(after.bytes).toString() === 'X=5\n')
  assert.deepEqual(after.messages, [{ type: 'ready', resumed: true }])
  second.send(Buffer.from('exit\n'))
  await until('the end', () => after.closed)
  assert.deepEqual(after.messages.at(-1), { type: 'exit', code: 0 })
})

test('the console is the raw line, and closes in order when the line ends', async () => {
  await using server = await start()
  const line = new PassThrough()
  Object.assign(server.services, { line })
  const socket = server.socket(routes.console(playId, 'debian'))
  const received = record(socket)
  await until('ready', () => received.messages.length === 1)
  socket.send(Buffer.from('\r'))
  await until('the echo', () => received.byteCount === 1)
  line.end()
  await until('the close', () => received.closed)
  assert.equal(received.closed?.code, 1000)
})
