import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { WebSocket } from 'ws'
import { type AppOptions, buildApp } from '../http/app.ts'
import { listen } from '../http/listen.ts'
import { type Stubs, stubServices } from './stub-services.ts'

export const silent = pino({ level: 'silent' })
export const asAlice = { authorization: 'Bearer alice-token' }

export interface Started extends AsyncDisposable {
  readonly app: FastifyInstance
  readonly services: Stubs
  readonly endpoint: string
  /** A websocket to `path`; not waited for. */
  socket(path: string, headers?: Record<string, string>): WebSocket
}

/** A real server on a free loopback port over stub services. */
export async function start(options: Partial<AppOptions> = {}): Promise<Started> {
  const services = stubServices()
  const app = buildApp(services, { log: silent, endpoint: 'http://127.0.0.1', ...options })
  const endpoint = await listen(app, { host: '127.0.0.1', port: 0 })
  return {
    app,
    services,
    endpoint,
    socket: (path, headers = asAlice) => new WebSocket(endpoint.replace('http', 'ws') + path, { headers }),
    [Symbol.asyncDispose]: () => app.close(),
  }
}

/** Resolves when `holds` does; throws with `what` after a while. */
export async function until(what: string, holds: () => unknown, timeoutMs = 5000): Promise<void> {
  const deadline = Date.now() + timeoutMs
  while (!holds()) {
    if (Date.now() > deadline) throw new Error(`${what} did not come true within ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** What came over a websocket, in order. */
export interface Received {
  readonly messages: Record<string, unknown>[]
  /** Output bytes, without the leading byte that names the channel. */
  readonly bytes: Buffer[]
  readonly channels: Set<number>
  byteCount: number
  closed: { code: number; reason: string } | undefined
  /** HTTP status of a refused websocket, and the body's code. */
  refused: { status: number; body: Record<string, unknown> } | undefined
}

export function record(socket: WebSocket): Received {
  const received: Received = { messages: [], bytes: [], channels: new Set(), byteCount: 0, closed: undefined, refused: undefined }
  socket.on('message', (frame: Buffer, isBinary) => {
    if (!isBinary) return void received.messages.push(JSON.parse(frame.toString()))
    received.channels.add(frame[0] ?? 0)
    received.bytes.push(frame.subarray(1))
    received.byteCount += frame.length - 1
  })
  socket.on('close', (code, reason) => {
    received.closed = { code, reason: reason.toString() }
  })
  socket.on('unexpected-response', async (_request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of response) chunks.push(chunk)
    received.refused = { status: response.statusCode ?? 0, body: JSON.parse(Buffer.concat(chunks).toString()) }
  })
  socket.on('error', () => {})
  return received
}
