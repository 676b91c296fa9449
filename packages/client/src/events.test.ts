import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import test from 'node:test'
import type { Event } from '@ramet/model/api/events.ts'
import { createClient } from './client.ts'
import { parseServerSentEvents } from './server-sent-events.ts'
import { answer, startStubServer } from './testing/stub-server.ts'

const imageEvent = (name: string) => ({ kind: 'image', image: { name } }) as Event
const frame = (id: number, name: string) => `id: ${id}\ndata: ${JSON.stringify(imageEvent(name))}\n\n`
const open = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' })
async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}
const nameOf = (event: Event) => (event.kind === 'image' ? event.image.name : event.kind)

test('frames are put together whatever the pieces they come in', async () => {
  const bytes = Buffer.from(': hello\r\n\r\nid: 7\r\ndata: {"ö":\r\ndata: 1}\r\n\r\ndata:x\n\nid: 9\n\n')
  for (const size of [1, 2, 3, 7, bytes.length]) {
    async function* pieces() {
      for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
    }
    const events = await all(parseServerSentEvents(pieces()))
    assert.deepEqual(events, [
      { id: '7', data: '{"ö":\n1}' },
      { id: '7', data: 'x' },
    ])
  }
})

test('a broken stream goes on after the last event', { timeout: 10_000 }, async () => {
  const asked: (string | undefined)[] = []
  await using server = await startStubServer({
    request: (request, response) => {
      asked.push(request.headers['last-event-id']?.toString())
      if (asked.length === 1) open(response).write(frame(1, 'one'), () => response.destroy())
      else if (asked.length === 2) answer(response, 503, { code: 'starting', message: 'Not yet.' })
      else open(response).write(frame(2, 'two'))
    },
  })
  const end = new AbortController()
  const opens: boolean[] = []
  const names: string[] = []
  const client = createClient({ endpoint: server.endpoint })
  for await (const event of client.events({ signal: end.signal, onOpen: (again) => opens.push(again) })) {
    names.push(nameOf(event))
    if (names.length === 2) end.abort()
  }
  assert.deepEqual({ names, asked, opens }, { names: ['one', 'two'], asked: [undefined, '1', '1'], opens: [false, true] })
})

test('leaving the loop closes the connection', { timeout: 10_000 }, async () => {
  const closed = Promise.withResolvers<void>()
  await using server = await startStubServer({
    request: (_, response) => {
      response.on('close', closed.resolve)
      open(response).write(frame(1, 'one'))
    },
  })
  for await (const _ of createClient({ endpoint: server.endpoint }).events()) break
  await closed.promise
})

test('a refusal ends the stream instead of being tried for ever', { timeout: 10_000 }, async () => {
  await using server = await startStubServer({
    request: (_, response) => answer(response, 401, { code: 'not_authenticated', message: 'No.' }),
  })
  await assert.rejects(all(createClient({ endpoint: server.endpoint }).events()), { code: 'not_authenticated' })
})
