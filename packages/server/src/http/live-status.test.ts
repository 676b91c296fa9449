import assert from 'node:assert/strict'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { WebSocket } from 'ws'
import { asAlice, record, start, until } from '../testing/start-for-test.ts'
import { playId, stubPlay } from '../testing/stub-services.ts'

test('labctl gets a URL that needs no credentials, a status at once and one at each change', async () => {
  await using server = await start()
  const answer = await fetch(server.endpoint + routes.connections(playId), { method: 'POST', headers: asAlice })
  const { url } = (await answer.json()) as { url: string }
  assert.match(url, /^ws:\/\/127\.0\.0\.1:\d+\/api\/conns\/[\w-]{32}$/)
  // labctl makes its Origin from the endpoint, scheme and all.
  const socket = new WebSocket(url, { origin: `https://cli.${server.endpoint}` })
  const received = record(socket)
  await until('the first status', () => received.messages.length > 0)
  assert.deepEqual(received.messages[0], { kind: 'status', status: JSON.parse(JSON.stringify(stubPlay().status)) })
  const changed = stubPlay()
  const frames = received.messages.length
  server.services.publish({ kind: 'play', play: { ...changed, status: { ...changed.status, factoryId: 'other' } } })
  await until('the change', () => received.messages.length > frames)
  assert.match(JSON.stringify(received.messages.at(-1)), /"factoryId":"other"/)
  socket.terminate()
})

test('behind https the websocket is too', async () => {
  await using server = await start({ endpoint: 'https://lab.example' })
  const headers = { ...asAlice, host: 'lab.example' }
  const answer = await server.app.inject({ method: 'POST', url: routes.connections(playId), headers })
  assert.match(answer.json().url, /^wss:\/\/lab\.example\/api\/conns\//)
})

test('a task is told when it has changed, and only then', async () => {
  await using server = await start()
  const answer = await fetch(server.endpoint + routes.connections(playId), { method: 'POST', headers: asAlice })
  const { url } = (await answer.json()) as { url: string }
  const received = record(new WebSocket(url))
  await until('the first status', () => received.messages.length > 0)
  const told = () => received.messages.filter((message) => JSON.stringify(message).includes('"kind":"task"'))
  const tell = (status: number, version: number) => {
    const task = { name: 'check', init: true, helper: false, status, version }
    server.services.publish({ kind: 'play', play: { ...stubPlay(), title: `${status} ${version}`, tasks: { check: task } } })
    return { kind: 'task', task }
  }
  const running = tell(30, 2)
  await until('the task', () => told().length === 1)
  const frames = received.messages.length
  tell(30, 2)
  await until('a further status', () => received.messages.length > frames)
  const completed = tell(40, 3)
  await until('its end', () => told().length > 1)
  assert.deepEqual(told(), [running, completed])
})

test('a ticket that was never given is refused', async () => {
  await using server = await start()
  const received = record(server.socket(routes.liveStatus('x'.repeat(32)), {}))
  await until('the refusal', () => received.refused)
  assert.equal(received.refused?.status, 404)
})

test("a ticket for somebody else's run is not given", async () => {
  await using server = await start()
  const headers = { authorization: 'Bearer bob-token' }
  assert.equal((await fetch(server.endpoint + routes.connections(playId), { method: 'POST', headers })).status, 404)
})
