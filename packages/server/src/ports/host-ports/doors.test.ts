import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import { until } from '../../testing/start-for-test.ts'
import type { DoorTarget } from './door.ts'
import { openTcpDoor } from './tcp-door.ts'
import { openUdpDoor } from './udp-door.ts'

const here = { address: '127.0.0.1', port: 0 }

/** Counts what is open. */
function counted(open: DoorTarget['open'], most = 100) {
  const state = { open: 0 }
  const target: DoorTarget = {
    open,
    take() {
      if (state.open >= most) throw new Error('too many')
      state.open += 1
      return {
        [Symbol.dispose]() {
          state.open -= 1
        },
      }
    },
  }
  return { state, target }
}

async function startEcho() {
  const server = createServer({ allowHalfOpen: true }, (socket) => void socket.pipe(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    open: async () => connect({ host: '127.0.0.1', port, allowHalfOpen: true }),
    [Symbol.asyncDispose]: async () => void server.close(),
  }
}

test('TCP goes through both ways, and each direction ends by itself', async () => {
  await using echo = await startEcho()
  const door = await openTcpDoor(here)
  const { state, target } = counted(echo.open)
  door.leadTo(target)
  const client = connect({ port: door.port, host: '127.0.0.1', allowHalfOpen: true })
  client.end('x'.repeat(1_000_000))
  assert.equal((await text(client)).length, 1_000_000)
  await until('the place to be free', () => state.open === 0)
  await door.close()
})

test('TCP: what the machine does not read is not read from the client', async () => {
  const door = await openTcpDoor(here)
  door.leadTo(counted(async () => new Duplex({ read() {}, write() {} })).target)
  const client = connect(door.port, '127.0.0.1')
  client.on('error', () => {})
  let sent = 0
  const chunk = Buffer.alloc(1024 ** 2)
  const isDrained = () =>
    Promise.race([once(client, 'drain').then(() => true), new Promise((resolve) => setTimeout(resolve, 300, false))])
  while (sent < 200 && (client.write(chunk) || (await isDrained()))) sent += 1
  assert.ok(sent < 100, `${sent} MiB were taken`)
  const closed = new Promise((resolve) => client.once('close', resolve))
  await door.close()
  await closed
})

test('TCP: a connection is reset where the machine is not reached or there are too many, and ends with its door, whose port is free at once', async () => {
  await using echo = await startEcho()
  const door = await openTcpDoor(here)
  const reset = async () => {
    const client = connect(door.port, '127.0.0.1')
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException]
    return error.code
  }
  const unpublished = connect(door.port, '127.0.0.1')
  assert.equal(await text(unpublished), '')
  door.leadTo(counted(() => Promise.reject(new Error('off'))).target)
  assert.equal(await reset(), 'ECONNRESET')
  const { state, target } = counted(echo.open, 1)
  door.leadTo(target)
  const first = connect(door.port, '127.0.0.1')
  first.on('error', () => {})
  first.write('a')
  await once(first, 'data')
  assert.equal(await reset(), 'ECONNRESET')
  const closed = once(first, 'close')
  await door.close()
  await closed
  await until('the place to be free', () => state.open === 0)
  const again = await openTcpDoor({ ...here, port: door.port })
  await again.close()
})

test('a port that is taken says so', async () => {
  for (const open of [openTcpDoor, openUdpDoor]) {
    const door = await open(here)
    await assert.rejects(open({ ...here, port: door.port }), { code: 'EADDRINUSE' })
    await assert.rejects(open({ address: '0.0.0.0', port: door.port }), { code: 'EADDRINUSE' })
    await door.close()
  }
})

/** A machine's side of a flow: keeps what comes and lets the test answer. */
function flowStub() {
  const got: string[] = []
  const flow = new Duplex({
    objectMode: true,
    read() {},
    write(datagram: Buffer, _encoding, done) {
      got.push(datagram.toString())
      done()
    },
  })
  return { flow, got }
}

async function client(port: number) {
  const socket = createSocket('udp4')
  const got: string[] = []
  socket.on('message', (datagram) => got.push(datagram.toString()))
  socket.connect(port, '127.0.0.1')
  await once(socket, 'connect')
  return { got, send: (datagram: string) => socket.send(datagram), [Symbol.dispose]: () => socket.close() }
}

test('UDP: each client has a flow of its own, and its answers come back to it', async () => {
  const flows: ReturnType<typeof flowStub>[] = []
  const door = await openUdpDoor(here)
  const { state, target } = counted(async () => {
    const made = flowStub()
    flows.push(made)
    return made.flow
  })
  door.leadTo(target)
  using one = await client(door.port)
  using other = await client(door.port)
  one.send('a')
  one.send('b')
  await until('both', () => flows[0]?.got.join() === 'a,b')
  other.send('c')
  await until('another flow', () => flows[1]?.got.join() === 'c')
  flows[0]?.flow.push(Buffer.from('for one'))
  flows[1]?.flow.push(Buffer.from('for the other'))
  await until('the answers', () => one.got.length + other.got.length === 2)
  assert.deepEqual([one.got, other.got], [['for one'], ['for the other']])
  await door.close()
  assert.equal(state.open, 0)
  assert.ok(flows.every(({ flow }) => flow.destroyed))
})

test('UDP: a flow that is quiet ends, one without an answer sooner, and begins anew with the next datagram; there are so many at most', async () => {
  const flows: ReturnType<typeof flowStub>[] = []
  const door = await openUdpDoor(here, { idleMs: 60_000, unansweredMs: 50, mostFlows: 1 })
  const { state, target } = counted(async () => {
    const made = flowStub()
    flows.push(made)
    return made.flow
  })
  door.leadTo(target)
  using one = await client(door.port)
  one.send('a')
  await until('a flow', () => flows.length === 1)
  assert.equal(state.open, 1)
  await until('its end', () => state.open === 0 && flows[0]?.flow.destroyed)
  one.send('b')
  await until('another', () => flows[1]?.got.join() === 'b')
  flows[1]?.flow.push(Buffer.from('answered'))
  await until('its answer', () => one.got.length === 1)
  await new Promise((resolve) => setTimeout(resolve, 100))
  assert.equal(state.open, 1)
  await door.close()

  const answered = await openUdpDoor(here, { idleMs: 50, unansweredMs: 60_000, mostFlows: 1 })
  answered.leadTo(target)
  using third = await client(answered.port)
  third.send('c')
  await until('a flow', () => flows[2]?.got.join() === 'c')
  flows[2]?.flow.push(Buffer.from('answered'))
  await until('its end', () => state.open === 0)
  await answered.close()

  const full = await openUdpDoor(here, { idleMs: 60_000, unansweredMs: 60_000, mostFlows: 1 })
  full.leadTo(target)
  using first = await client(full.port)
  using second = await client(full.port)
  first.send('first')
  await until('the first flow', () => flows[3]?.got.join() === 'first')
  second.send('lost')
  first.send('more')
  await until('more of the first', () => flows[3]?.got.join() === 'first,more')
  assert.equal(flows.length, 4)
  await full.close()
})

test('UDP: a machine that is not reached is not asked again for each datagram, and what it does not take is lost', async () => {
  let asked = 0
  const door = await openUdpDoor(here)
  door.leadTo(
    counted(async () => {
      asked += 1
      throw new Error('off')
    }).target,
  )
  using one = await client(door.port)
  for (let at = 0; at < 50; at += 1) one.send('x')
  await until('a question', () => asked > 0)
  for (let at = 0; at < 50; at += 1) one.send('x')
  using two = await client(door.port)
  two.send('y')
  await until('that of another client', () => asked === 2)
  await door.close()

  const stuck = new Duplex({ objectMode: true, highWaterMark: 64, read() {}, write() {} })
  const slow = await openUdpDoor(here)
  slow.leadTo(counted(async () => stuck).target)
  using busy = await client(slow.port)
  busy.send('x')
  await until('a flow', () => stuck.writableLength > 0)
  for (let at = 0; at < 300; at += 1) busy.send('x')
  await until('the bound', () => stuck.writableLength >= 64)
  using later = await client(slow.port)
  later.send('y')
  await until('what came after all of them', () => stuck.writableLength >= 64)
  assert.ok(stuck.writableLength <= 65, String(stuck.writableLength))
  await slow.close()
})
