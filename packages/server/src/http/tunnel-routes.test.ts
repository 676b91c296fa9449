import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { routes } from '@ramet/model/api/routes.ts'
import { WebSocket } from 'ws'
import { SourceBudget } from '../access/source-budget.ts'
import { slowConnection } from '../testing/slow-connection.ts'
import { record, type Started, start, until } from '../testing/start-for-test.ts'
import { playId } from '../testing/stub-services.ts'

const json = { 'content-type': 'application/json' }

/** A login of its own, so that it can end. */
async function login(server: Started) {
  const session = await server.services.auth.openSession('login')
  return { authorization: `Bearer ${session?.token}`, ...json }
}

/** A tunnel that `headers` asked for: what a websocket of it is opened with. */
async function openTunnel({ endpoint, services }: Started, headers: Record<string, string>) {
  const { play } = services
  const conditions = [{ name: 'Ready', status: 'True' as const, lastTransitionAt: play.createdAt }]
  const machines = play.status.machines.map((each) => ({ ...each, conditions }))
  services.play = { ...play, status: { ...play.status, machines } }
  const body = JSON.stringify({ machine: 'debian', port: 0 })
  const answer = await fetch(endpoint + routes.tunnels(playId), { method: 'POST', headers, body })
  assert.equal(answer.status, 200)
  const { url, loginUrl } = (await answer.json()) as { url: string; loginUrl: string }
  const cookie = ((await fetch(loginUrl)).headers.get('set-cookie') ?? '').split(';')[0] ?? ''
  return (address: string) => new WebSocket(`${url.replace('http', 'ws')}/tunnels/${btoa(address)}`, { headers: { cookie } })
}

const urlOf = async ({ endpoint }: Started, path: string, headers: Record<string, string>, body = '{}') => {
  const answer = await fetch(endpoint + path, { method: 'POST', headers, body })
  return ((await answer.json()) as { url: string }).url
}

const ways = {
  'a tunnel': async (server: Started, headers: Record<string, string>) => {
    const dial = await openTunnel(server, headers)
    return () => dial(':80')
  },
  'a journal': async (server: Started, headers: Record<string, string>) => {
    const url = await urlOf(server, routes.journals(playId), headers, JSON.stringify({ machine: 'debian' }))
    return () => new WebSocket(url)
  },
  'the live status': async (server: Started, headers: Record<string, string>) => {
    const url = await urlOf(server, routes.connections(playId), headers)
    return () => new WebSocket(url)
  },
}

for (const [what, open] of Object.entries(ways))
  test(`${what} ends with the login that it was asked for by, and its URL opens nothing more`, async () => {
    await using server = await start({ recheckMs: 20 })
    server.services.dial = () => slowConnection().connection
    const headers = await login(server)
    const connect = await open(server, headers)
    const socket = connect()
    const received = record(socket)
    await once(socket, 'open')
    await server.services.auth.closeSession(headers.authorization.replace('Bearer ', ''))
    await until('its end', () => received.closed)
    assert.deepEqual(received.closed, { code: 1008, reason: 'not_authenticated' })
    const again = record(connect())
    await until('the refusal', () => again.refused)
    assert.equal(again.refused?.status, 401)
  })

for (const [what, open] of Object.entries(ways))
  test(`${what} is opened in its owner’s name: however often, it takes nothing of what strangers may ask for`, async () => {
    await using server = await start({ budget: new SourceBudget({ burst: 2, perSecond: 0 }), strangers: 1 })
    // The first of these is for the login, which nobody knew before.
    server.services.dial = () => slowConnection().connection
    const connect = await open(server, await login(server))
    for (let at = 0; at < 3; at += 1) {
      const socket = connect()
      await once(socket, 'open')
      socket.terminate()
    }
    assert.equal((await fetch(server.endpoint + routes.health())).status, 200)
    // Who knows no URL is a stranger.
    const guessed = record(server.socket(routes.liveStatus('guessed'), {}))
    await until('the refusal', () => guessed.refused)
    assert.equal(guessed.refused?.status, 429)
  })

test('what a client of a tunnel sent last reaches the machine though its websocket is closed at once', async () => {
  await using server = await start()
  const { connection, text } = slowConnection()
  server.services.dial = () => connection
  const socket = (await openTunnel(server, await login(server)))(':80')
  await once(socket, 'open')
  for (const each of ['first ', 'second ', 'last']) socket.send(Buffer.from(each))
  socket.close()
  await once(connection, 'finish')
  assert.equal(text(), 'first second last')
})

test('the end of a machine’s connection ends the websocket, with all that it said', async () => {
  await using server = await start()
  const { connection } = slowConnection()
  server.services.dial = () => connection
  const socket = (await openTunnel(server, await login(server)))(':80')
  const received: Buffer[] = []
  socket.on('message', (bytes: Buffer) => received.push(bytes))
  await once(socket, 'open')
  connection.push('all of it')
  connection.push(null)
  await once(socket, 'close')
  assert.equal(Buffer.concat(received).toString(), 'all of it')
})
