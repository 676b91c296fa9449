import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Permission } from '@ramet/model/access/can.ts'
import type { RametError } from '@ramet/model/errors/error.ts'
import { internalError, notFound } from '@ramet/model/errors/errors.ts'
import type { FastifyBaseLogger } from 'fastify'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Gate } from '../access/gate.ts'
import type { LentLogin } from '../access/lent-login.ts'
import type { ConnectionBounds } from './connection-bounds.ts'
import { toRametError } from './error-answers.ts'
import { answerRaw } from './raw-answers.ts'

/** Handles one upgrade request. Returns the handler of the accepted websocket; throws a RametError to refuse it. */
export type WebSocketRoute = (asked: AskedSocket) => Promise<(socket: WebSocket) => void>

/** Whose login a URL or a cookie of its own stands for; undefined when it stands for none. */
export type Lender = (asked: AskedSocket) => LentLogin | undefined

/** A websocket of the API: declared once, served here and described by `openapi.ts`. */
export interface SocketRoute {
  /** In Fastify's form: `/api/plays/:id/…`; `*` at its end is all the rest. */
  readonly path: string
  readonly summary: string
  /** What the user must be allowed to do. `anyone`: the URL is all that is needed, or a cookie of its own. */
  readonly permission: Permission | 'anyone'
}

export interface AskedSocket {
  readonly request: IncomingMessage
  /** Decoded path parameters, in order. */
  readonly params: readonly string[]
  readonly query: URLSearchParams
}

export interface WebSocketsOptions {
  readonly gate: Pick<Gate, 'meet' | 'identify'>
  readonly bounds: Pick<ConnectionBounds, 'trust' | 'letIn'>
  readonly log: FastifyBaseLogger
  readonly pingMs?: number
}

interface Served {
  readonly path: RegExp
  readonly open: WebSocketRoute
  readonly lender: Lender
}

/** Longest input frame, which is held whole in memory; clients send files in pieces. */
export const maxFrameBytes = 1024 * 1024

/** How many pings may stay unanswered: a server that was blocked sends the next ping before it reads the answer to the last. */
const mostUnanswered = 3

/** The websockets of a server: accepted by route, kept alive by pings, closed with the server. */
export class WebSockets {
  readonly #server = new WebSocketServer({
    noServer: true,
    maxPayload: maxFrameBytes,
    perMessageDeflate: false,
    clientTracking: true,
  })
  readonly #routes: Served[] = []
  readonly declared: SocketRoute[] = []
  /** Pings in a row. */
  readonly #unanswered = new WeakMap<WebSocket, number>()
  readonly #gate: WebSocketsOptions['gate']
  readonly #bounds: WebSocketsOptions['bounds']
  readonly #log: FastifyBaseLogger
  readonly #pings: NodeJS.Timeout

  constructor({ gate, bounds, log, pingMs = 20_000 }: WebSocketsOptions) {
    this.#gate = gate
    this.#bounds = bounds
    this.#log = log
    this.#pings = setInterval(() => this.#ping(), pingMs)
    this.#pings.unref()
  }

  /** `lender`: for clients that send no credentials. */
  add(declaration: SocketRoute, open: WebSocketRoute, lender: Lender = () => undefined): void {
    // The model's paths encode their parameters, including the colon.
    const path = decodeURIComponent(declaration.path)
    this.declared.push({ ...declaration, path })
    const pattern = path.replace(/[.]/g, '\\.').replace(/:\w+/g, '([^/]+)').replace(/\*$/, '(.+)')
    this.#routes.push({ path: new RegExp(`^${pattern}$`), open, lender })
  }

  /** Accepts an upgrade that was let in elsewhere: the websocket is kept alive, and closed with the others. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer, talk: (socket: WebSocket) => void): void {
    this.#server.handleUpgrade(request, socket, head, (accepted) => {
      this.#unanswered.set(accepted, 0)
      accepted.on('pong', () => this.#unanswered.set(accepted, 0))
      // The ws library answers what it refuses (a frame too large, invalid UTF-8) with its own close code.
      accepted.on('error', (error) => this.#log.debug({ err: error }, 'websocket failed'))
      talk(accepted)
    })
  }

  attach(server: Server): void {
    server.on('upgrade', (request, socket: Duplex, head) => void this.#upgrade(request, socket, head))
  }

  /** Closes all with 1001 (the server goes away; reconnect), and terminates those that do not answer. */
  async close(): Promise<void> {
    clearInterval(this.#pings)
    const open = [...this.#server.clients]
    for (const socket of open) {
      socket.resume()
      socket.close(1001, 'the server goes away')
    }
    const deadline = Date.now() + 1000
    while (this.#server.clients.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10))
    for (const socket of this.#server.clients) socket.terminate()
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    const drop = () => socket.destroy()
    socket.on('error', drop)
    try {
      const url = URL.parse(request.url ?? '', 'http://server')
      const found = this.#find(url?.pathname ?? '')
      const asked = { request, params: found?.params ?? [], query: url?.searchParams ?? new URLSearchParams() }
      await this.#meet(request, found?.lender(asked))
      if (!found) throw notFound('websocket', request.url?.split('?')[0] ?? '')
      const talk = await found.open(asked)
      this.#bounds.trust(request)
      socket.off('error', drop)
      this.accept(request, socket, head, talk)
    } catch (error) {
      answerRaw(socket, this.#tell(error))
    }
  }

  /** Counts the request as one of whoever it comes from, before anything is done for it. */
  async #meet(request: IncomingMessage, login: LentLogin | undefined): Promise<void> {
    const { headers, socket } = request
    const isKnown = login ? login.meet(socket.remoteAddress) : this.#gate.meet(headers, socket.remoteAddress)
    await this.#bounds.letIn(request, isKnown, () => (login ? login.user() : this.#gate.identify(headers)))
  }

  #find(pathname: string): (Omit<Served, 'path'> & { readonly params: string[] }) | undefined {
    for (const { path, ...served } of this.#routes) {
      const match = path.exec(pathname)
      if (!match) continue
      try {
        return { ...served, params: match.slice(1).map(decodeURIComponent) }
      } catch {
        return undefined
      }
    }
    return undefined
  }

  #tell(error: unknown): RametError {
    const known = toRametError(error)
    if (!known || known.status >= 500) this.#log.error({ err: error }, 'websocket refused')
    return known ?? internalError()
  }

  #ping(): void {
    for (const socket of this.#server.clients) {
      // A client whose input we hold back cannot answer. If it is gone, writing the ping fails.
      const unanswered = this.#unanswered.get(socket) ?? 0
      if (unanswered >= mostUnanswered && !socket.isPaused) {
        socket.terminate()
        continue
      }
      this.#unanswered.set(socket, unanswered + 1)
      socket.ping()
    }
  }
}
