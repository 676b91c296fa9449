import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import type { ExposePortRequest, Port } from '@ramet/model/api/ports.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { WebSocket } from 'ws'
import { startGuestApp } from './guest-app.ts'
import { asAlice, type Started, start } from './start-for-test.ts'
import { playId } from './stub-services.ts'

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly text: string
}

interface Asked {
  readonly method?: string
  readonly headers?: Record<string, string | string[]>
  readonly body?: string | Buffer
}

/** A server whose machines all are one web application, and what tests ask of its published ports. */
export async function startWithGuest(options: Parameters<typeof start>[0] = {}) {
  const opened = new AsyncDisposableStack()
  const guest = opened.use(await startGuestApp())
  const server = opened.use(await start(options))
  server.services.dial = guest.dial
  const { port } = new URL(server.endpoint)
  const expose = async (body: Partial<ExposePortRequest> = {}): Promise<Port> => {
    const answer = await fetch(server.endpoint + routes.ports(playId), {
      method: 'POST',
      headers: asAlice,
      body: JSON.stringify({ number: 80, ...body }),
    })
    assert.equal(answer.status, 200)
    return (await answer.json()) as Port
  }
  const ask = (host: string, path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const asked = httpRequest(
        { host: '127.0.0.1', port, path, method, headers: { host: `${host}:${port}`, ...headers }, agent: false },
        async (answer) => {
          let text = ''
          for await (const chunk of answer) text += chunk
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text })
        },
      )
      asked.on('error', reject)
      asked.end(body)
    })
  /** The cookie by which Alice's browser is let into a port. */
  const enter = async (name: string, token = 'alice-token') => {
    const said = await fetch(server.endpoint + routes.portLogins(), {
      method: 'POST',
      headers: { authorization: `Bearer ${token}` },
      body: JSON.stringify({ name, to: '/headers' }),
    })
    assert.equal(said.status, 200)
    const url = new URL(((await said.json()) as { url: string }).url)
    const answer = await ask(url.hostname, url.pathname + url.search)
    return { url, answer, cookie: String(answer.headers['set-cookie']).split(';')[0] ?? '' }
  }
  return { guest, server, port, expose, ask, enter, [Symbol.asyncDispose]: () => opened.disposeAsync() }
}

export const socketTo = ({ endpoint }: Started, host: string, headers: Record<string, string> = {}) => {
  const { port } = new URL(endpoint)
  return new WebSocket(`${endpoint.replace('http', 'ws')}/ws`, { headers: { host: `${host}:${port}`, ...headers } })
}

/** What becomes of a websocket that is being opened. */
export async function outcome(socket: WebSocket): Promise<number | 'open'> {
  socket.on('error', () => {})
  return new Promise((resolve) => {
    socket.once('open', () => resolve('open'))
    socket.once('unexpected-response', (request, answer) => {
      resolve(answer.statusCode ?? 0)
      request.destroy()
    })
  })
}

/** Sends bytes as they are; returns what comes until the connection ends. */
export async function raw({ endpoint }: Started, bytes: string): Promise<string> {
  const socket = connect(Number(new URL(endpoint).port), '127.0.0.1')
  let heard = ''
  socket.on('data', (chunk) => {
    heard += chunk
  })
  socket.on('error', () => {})
  socket.end(bytes)
  await once(socket, 'close')
  return heard
}
