import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { after, test } from 'node:test'
import { unixPort } from '../../vmm/unix-port.ts'
import { uint32 } from '../uint32.ts'
import { answer, asks, encodeFrame, greeting, outputWindow, says } from './channel-frames.ts'
import { ChannelLink } from './channel-link.ts'

const folder = await mkdtemp(join(tmpdir(), 'link-'))
after(() => rm(folder, { recursive: true }))
const soon = () => AbortSignal.timeout(10_000)
const greetingSize = greeting(Buffer.alloc(16)).length

interface Guest {
  /** Answers the greeting, then does with each frame of the host what the test wants. */
  obey(type: number, channel: number, payload: Buffer, socket: Socket): void
  greet?(nonce: Buffer, socket: Socket): void
}

let count = 0
/** A guest of the test's own making, at a port. */
async function guest({ obey, greet = (nonce, socket) => socket.write(answer(nonce)) }: Guest) {
  count += 1
  const path = join(folder, `${count}.sock`)
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    let rest = Buffer.alloc(0)
    let isGreeted = false
    socket.on('data', (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes])
      if (!isGreeted && rest.length >= greetingSize) {
        isGreeted = true
        greet(rest.subarray(greetingSize - 16, greetingSize), socket)
        rest = rest.subarray(greetingSize)
      }
      while (isGreeted && rest.length >= 5 && rest.length >= 5 + rest.readUInt16BE(3)) {
        const size = 5 + rest.readUInt16BE(3)
        const [type, channel, payload] = [rest.readUInt8(0), rest.readUInt16BE(1), rest.subarray(5, size)]
        rest = rest.subarray(size)
        obey(type, channel, payload, socket)
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const resets = new Set<() => void>()
  return {
    vm: {
      ports: { channel: unixPort(path) },
      onReset(listener: () => void) {
        resets.add(listener)
        return () => resets.delete(listener)
      },
    },
    reset: () => resets.forEach((listener) => void listener()),
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const say = (socket: Socket, type: number, channel: number, payload: Uint8Array = Buffer.alloc(0)) =>
  socket.write(encodeFrame(type, channel, payload))
const opens: Guest['obey'] = (type, channel, _, socket) => {
  if (type === asks.open) say(socket, says.opened, channel)
}

test('the end of a command that ended at once comes in one piece with its beginning', async () => {
  await using g = await guest({
    obey(type, channel, _, socket) {
      if (type !== asks.open) return
      const frames = [
        encodeFrame(says.opened, channel),
        encodeFrame(says.out, channel, Buffer.from('done')),
        encodeFrame(says.exit, channel, Buffer.of(3, 0)),
      ]
      socket.write(Buffer.concat(frames))
    },
  })
  const link = new ChannelLink(g.vm)
  await link.ready(soon())
  assert.deepEqual(await link.run('at once'), { code: 3, stdout: 'done', stderr: '' })
  link.close()
})

test('it waits for a guest that is not there yet, and says so meanwhile', async () => {
  const link = new ChannelLink({ ports: { channel: unixPort(join(folder, 'nowhere')) }, onReset: () => () => {} })
  await assert.rejects(link.exec('id'), { code: 'machine_unreachable' })
  await assert.rejects(link.ready(AbortSignal.timeout(100)), { name: 'TimeoutError' })
  assert.match(link.lastWhy ?? '', /ENOENT/)
  link.close()
  await assert.rejects(link.ready(soon()), { code: 'machine_unreachable' })
})

test('nothing is said to a resumed guest before it is awake, and never to one that does not wake', async () => {
  await using g = await guest({ obey: opens })
  const awake = Promise.withResolvers<void>()
  const link = new ChannelLink(g.vm, { awake: awake.promise })
  const asleep = new ChannelLink(g.vm, { awake: Promise.reject(new Error('it snores')) })
  for (const each of [link, asleep]) await assert.rejects(each.ready(AbortSignal.timeout(100)), { name: 'TimeoutError' })
  await assert.rejects(link.exec('id'), { code: 'machine_unreachable', message: /not awake yet/ })
  await assert.rejects(asleep.exec('id'), { code: 'machine_unreachable', message: /it snores/ })
  assert.equal(g.sockets.size, 0)
  awake.resolve()
  await link.ready(soon())
  for (const each of [link, asleep]) each.close()
})

test('an agent of another version is told from one that is silent', async () => {
  await using g = await guest({ obey: opens, greet: (nonce, socket) => socket.write(answer(nonce, 9)) })
  const link = new ChannelLink(g.vm)
  await assert.rejects(link.ready(AbortSignal.timeout(300)), { name: 'TimeoutError' })
  assert.match(link.lastWhy ?? '', /version 9 of the protocol, this server version 1/)
  link.close()
})

test('a guest that breaks the protocol loses its connection, with the reason, and its memory is its own affair', async () => {
  const breaks: Record<string, (socket: Socket, channel: number) => void> = {
    'sends no frames': (socket) => socket.write(Buffer.alloc(100_000, 0xff)),
    'not open': (socket) => say(socket, says.out, 77, Buffer.from('?')),
    'more than it may': (socket, channel) => {
      for (let sent = 0; sent <= outputWindow; sent += 16_384) say(socket, says.out, channel, Buffer.alloc(16_384))
    },
  }
  for (const [why, breakIt] of Object.entries(breaks)) {
    await using g = await guest({
      obey(type, channel, payload, socket) {
        opens(type, channel, payload, socket)
        if (type === asks.open) breakIt(socket, channel)
      },
    })
    const link = new ChannelLink(g.vm)
    await link.ready(soon())
    const reason = new Promise<string | undefined>((resolve) => link.onChange((isReady, said) => !isReady && resolve(said)))
    const command = await link.exec('x').catch(() => undefined)
    assert.match((await reason) ?? '', new RegExp(why))
    if (command) await assert.rejects(command.exit, { code: 'machine_unreachable' })
    link.close()
  }
})

test('a guest that grants the moon is sent no more than a window', async () => {
  let received = 0
  await using g = await guest({
    obey(type, channel, payload, socket) {
      opens(type, channel, payload, socket)
      if (type === asks.open) for (let time = 0; time < 10; time += 1) say(socket, says.grantInput, channel, uint32(0xffffffff))
      if (type === asks.input) received += payload.length
    },
  })
  const link = new ChannelLink(g.vm)
  await link.ready(soon())
  const command = await link.exec('cat')
  command.stdin.write(Buffer.alloc(1024 * 1024))
  await assert.rejects(link.run('nothing', { timeoutMs: 200 }), { code: 'machine_unreachable', message: /200 ms/ })
  assert.ok(received <= 2 * 64 * 1024, `${received}`)
  link.close()
})

test('what a guest refuses is told in its own words, made harmless', async () => {
  await using g = await guest({
    obey: (type, channel, _, socket) =>
      type === asks.open && say(socket, says.refused, channel, Buffer.from('\0no room \x1b[31m\n')),
  })
  const link = new ChannelLink(g.vm)
  await link.ready(soon())
  await assert.rejects(link.exec('id'), { code: 'machine_unreachable', message: /no room \?\[31m\?/ })
  link.close()
})

test('a reset of the machine is noticed though its socket stays open', async () => {
  await using g = await guest({ obey: opens })
  const link = new ChannelLink(g.vm)
  await link.ready(soon())
  const lost = new Promise<string | undefined>((resolve) => link.onChange((isReady, why) => !isReady && resolve(why)))
  g.reset()
  assert.match((await lost) ?? '', /reset/)
  await link.ready(soon())
  link.close()
})

const quick = { everyMs: 40, answerMs: 40, missed: 2, giveUpMs: 600_000 }

test('a guest that answers no question any more is not ready, says why, and is ready again with its commands when it answers', async () => {
  let isFrozen = false
  const kept: (() => void)[] = []
  await using g = await guest({
    obey(type, channel, payload, socket) {
      const answers = () => {
        opens(type, channel, payload, socket)
        if (type === asks.ping) say(socket, says.pong, 0, payload)
        if (type === asks.inputEnd) say(socket, says.exit, channel, Buffer.of(0, 0))
      }
      if (isFrozen) kept.push(answers)
      else answers()
    },
  })
  const link = new ChannelLink(g.vm, {}, quick)
  await link.ready(soon())
  const command = await link.exec('sleep')
  const changes: [boolean, string | undefined][] = []
  const next = () => new Promise<void>((resolve) => link.onChange((isReady, why) => resolve(void changes.push([isReady, why]))))
  const silent = next()
  isFrozen = true
  await silent
  assert.equal(link.isReady, false)
  assert.match(link.lastWhy ?? '', /has not answered for/)
  await assert.rejects(link.exec('id'), { code: 'machine_unreachable', message: /has not answered/ })
  isFrozen = false
  const back = link.ready(soon())
  for (const answers of kept) answers()
  await back
  command.stdin.end()
  assert.deepEqual(await command.exit, { code: 0 })
  assert.deepEqual(changes[0]?.[0], false)
  link.close()
})

test('the silence of a VM that stands still says nothing', async () => {
  await using g = await guest({ obey: opens })
  let asked = 0
  const runs = async () => {
    asked += 1
    return false
  }
  const stands = () => {
    asked += 1
    return true
  }
  const still = new ChannelLink({ ...g.vm, isRunning: runs }, {}, quick)
  await still.ready(soon())
  const stopped = new ChannelLink(g.vm, { standsStill: stands }, quick)
  await stopped.ready(soon())
  while (asked < 12) await new Promise((resolve) => setTimeout(resolve, 10))
  assert.deepEqual([still.isReady, stopped.isReady], [true, true])
  for (const each of [still, stopped]) each.close()
})

test('a guest that stays silent is greeted anew', async () => {
  let greetings = 0
  await using g = await guest({
    obey: opens,
    greet(nonce, socket) {
      greetings += 1
      socket.write(answer(nonce))
    },
  })
  const link = new ChannelLink(g.vm, {}, { ...quick, giveUpMs: 150 })
  await link.ready(soon())
  const command = await link.exec('sleep')
  await assert.rejects(command.exit, { code: 'machine_unreachable' })
  assert.equal(await text(command.stdout), '')
  await link.ready(soon())
  assert.ok(greetings >= 2)
  link.close()
})
