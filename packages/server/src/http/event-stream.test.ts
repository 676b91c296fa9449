import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { asAlice, type Started, start, until } from '../testing/start-for-test.ts'
import { stubPlay } from '../testing/stub-services.ts'

/** Reads frames until the test is over. */
function watch(server: Started, headers: Record<string, string> = asAlice) {
  const seen = { text: '', ended: false, frames: () => [...seen.text.matchAll(/id: (\d+)\ndata: (.*)\n\n/g)] }
  const controller = new AbortController()
  const read = async () => {
    const answer = await fetch(server.endpoint + routes.events(), { headers, signal: controller.signal })
    assert.match(String(answer.headers.get('content-type')), /^text\/event-stream/)
    const decoder = new TextDecoder()
    for await (const chunk of answer.body as AsyncIterable<Uint8Array>) seen.text += decoder.decode(chunk, { stream: true })
  }
  void read()
    .catch(() => {})
    .finally(() => {
      seen.ended = true
    })
  return { seen, stop: () => controller.abort() }
}

const titles = (frames: RegExpMatchArray[]) => frames.map(([, , data]) => JSON.parse(data ?? '').play.title)

test('the first frames are the picture as it is, and changes follow', async () => {
  await using server = await start()
  const { seen, stop } = watch(server)
  await until('the picture', () => seen.frames().length === 1)
  server.services.publish({ kind: 'play', play: stubPlay('Renamed') })
  await until('the change', () => seen.frames().length === 2)
  assert.deepEqual(titles(seen.frames()), ['Run one', 'Renamed'])
  stop()
})

test('who comes back with the last id gets what was missed and nothing twice', async () => {
  await using server = await start()
  const first = watch(server)
  await until('the picture', () => first.seen.frames().length === 1)
  first.stop()
  server.services.publish({ kind: 'play', play: stubPlay('While away') })
  const lastId = first.seen.frames()[0]?.[1] ?? ''
  const second = watch(server, { ...asAlice, 'last-event-id': lastId })
  await until('what was missed', () => second.seen.frames().length === 1)
  assert.deepEqual(titles(second.seen.frames()), ['While away'])
  second.stop()
})

test('nobody sees the runs of somebody else', async () => {
  await using server = await start({ streams: { heartbeatMs: 10 } })
  const { seen, stop } = watch(server, { authorization: 'Bearer bob-token' })
  await until('a heartbeat', () => seen.text.includes(': still here'))
  server.services.publish({ kind: 'play', play: stubPlay('Secret') })
  const length = seen.text.length
  await until('another heartbeat', () => seen.text.length > length)
  assert.doesNotMatch(seen.text, /Secret|Run one/)
  stop()
})

test('a client that does not read is dropped when too much waits for it', async () => {
  await using server = await start({ streams: { maxWaitingBytes: 256 * 1024, lingerMs: 50 } })
  const socket = connect(Number(new URL(server.endpoint).port), '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write(`GET ${routes.events()} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer alice-token\r\n\r\n`)
  const open = () => new Promise<number>((resolve) => server.app.server.getConnections((_error, count) => resolve(count)))
  await until('the connection', () => socket.bytesWritten > 0)
  let sent = 0
  while ((await open()) > 0) {
    server.services.publish({ kind: 'play', play: stubPlay('x'.repeat(64 * 1024)) })
    sent += 1
    assert.ok(sent < 5000, 'the slow client is still there')
    await new Promise((resolve) => setTimeout(resolve, 6))
  }
  socket.destroy()
})

test('a server that closes ends its streams', async () => {
  const server = await start()
  const { seen } = watch(server)
  await until('the picture', () => seen.frames().length === 1)
  await server[Symbol.asyncDispose]()
  await until('the end', () => seen.ended)
})
