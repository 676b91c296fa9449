import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { Writable } from 'node:stream'
import { test } from 'node:test'
import { OpenStreams } from './open-streams.ts'

/** A client that takes what it is sent when the test says so. */
class StubResponse extends Writable {
  taken = ''
  #take: (() => void) | undefined
  isReading = false

  constructor() {
    super({ highWaterMark: 10 })
    this.on('error', () => {})
  }
  writeHead(): void {}
  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#take = () => {
      this.taken += chunk
      done()
    }
    if (this.isReading) this.#take()
  }
  read(): void {
    this.isReading = true
    this.#take?.()
  }
}

const turn = () => new Promise((resolve) => setImmediate(resolve))

function openStream(options: ConstructorParameters<typeof OpenStreams>[0]) {
  const streams = new OpenStreams(options)
  const response = new StubResponse()
  const send = streams.open(response as unknown as ServerResponse, {})
  return { streams, response, send: (text: string) => send(Buffer.from(text)), [Symbol.dispose]: () => streams.close() }
}

test('what a client does not take waits, in order, up to a bound', async () => {
  using stream = openStream({ maxWaitingBytes: 100 })
  for (let at = 0; at < 10; at += 1) stream.send(`frame ${at}\n`)
  assert.ok(stream.response.writableLength < 40, `${stream.response.writableLength} bytes are in the hands of Node`)
  stream.response.read()
  await turn()
  stream.response.isReading = false
  for (let at = 10; at < 15; at += 1) stream.send(`frame ${at}\n`)
  stream.response.read()
  await turn()
  const frames = Array.from({ length: 15 }, (_, at) => `frame ${at}\n`)
  assert.equal(stream.response.taken, `retry: 1000\n\n${frames.join('')}`)
})

test('a client for which too much waits is cut off with the reason, and what waits is thrown away', async () => {
  using stream = openStream({ maxWaitingBytes: 100 })
  for (let at = 0; at < 1000; at += 1) stream.send(`frame ${at}\n`)
  stream.response.read()
  await turn()
  assert.match(stream.response.taken, /: this client reads too slowly and is cut off; [^\n]*\n\n$/)
  assert.ok(stream.response.taken.length < 300, stream.response.taken)
  assert.ok(stream.response.writableFinished)
})

test('a client that takes nothing for too long is cut off, one that takes a little is not', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval', 'setTimeout'] })
  let now = 0
  t.mock.method(performance, 'now', () => now)
  using stream = openStream({ heartbeatMs: 10, maxStandstillMs: 50 })
  using reader = openStream({ heartbeatMs: 10, maxStandstillMs: 50 })
  reader.response.read()
  for (now = 0; now <= 60; now += 10) t.mock.timers.tick(10)
  assert.ok(stream.response.writableEnded)
  assert.equal(reader.response.writableEnded, false)
  t.mock.timers.tick(10_000)
  assert.ok(stream.response.destroyed)
  await turn()
})
