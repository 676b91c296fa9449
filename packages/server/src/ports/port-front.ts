import type { IncomingHttpHeaders, IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { RametError } from '@ramet/model/errors/error.ts'
import { internalError, notFound } from '@ramet/model/errors/errors.ts'
import { rewritePath } from '@ramet/model/units/path-rewrite.ts'
import type { FastifyBaseLogger } from 'fastify'
import type { Gate } from '../access/gate.ts'
import type { OpenCounts } from '../access/open-counts.ts'
import type { ConnectionBounds } from '../http/connection-bounds.ts'
import { toRametError } from '../http/error-answers.ts'
import { answerRaw } from '../http/raw-answers.ts'
import type { IsSecure } from '../http/secure-requests.ts'
import type { Services } from '../services.ts'
import { forwardRequest, forwardUpgrade, type Upstream } from './forward.ts'
import type { Handovers } from './handovers.ts'
import { noticeFor } from './notices.ts'
import { requestHeaders } from './passed-headers.ts'
import { setPass, writePass } from './port-cookie.ts'
import { portNameOf } from './port-host.ts'
import { answerNotice } from './port-pages.ts'
import { admitVisitor, portForbidden, type Visit, type Visitor } from './port-visit.ts'
import { checkForm, pathFor } from './request-form.ts'
import type { ShellFront } from './shell-front.ts'
import { watchVisit } from './watch-visit.ts'

export interface PortFrontOptions {
  readonly services: Pick<Services, 'auth' | 'ports' | 'machines'>
  readonly gate: Pick<Gate, 'meet'>
  readonly bounds: Pick<ConnectionBounds, 'trust' | 'refuseBeyond'>
  readonly counts: OpenCounts
  readonly shells: ShellFront
  readonly handovers: Handovers
  readonly key: Buffer
  readonly domain: string
  readonly isSecure: IsSecure
  /** The page of the server at which whoever asked by this request signs in. */
  enterUrl(request: IncomingMessage, name: string, to: string): string
  readonly log: FastifyBaseLogger
  /** How often it is asked again whether a long exchange may go on. */
  readonly recheckMs?: number | undefined
}

const ownPath = '/.ramet/'

/** Serves published ports: requests for their hosts, before the app sees them. Each has an origin of its own, so that the guest's pages are strangers to the app's and to each other. */
export class PortFront {
  readonly #options: PortFrontOptions
  /** Both ends of exchanges under way: Node ends those of websockets by itself no more than those of other protocols. */
  readonly #open = new Set<ServerResponse | Duplex>()

  constructor(options: PortFrontOptions) {
    this.#options = options
  }

  /** Call it when the server has all its other listeners. */
  attach(server: Server): void {
    this.#before(server, 'request', (request: IncomingMessage, reply: ServerResponse, name) => {
      void this.#serve(request, reply, name)
    })
    this.#before(server, 'upgrade', (request: IncomingMessage, socket: Duplex, name, head: Buffer) => {
      void this.#upgrade(request, socket, head, name)
    })
  }

  /** Ends all exchanges. */
  close(): void {
    for (const end of this.#open) end.destroy()
  }

  #before<T>(
    server: Server,
    event: 'request' | 'upgrade',
    serve: (request: IncomingMessage, answer: T, name: string, head: Buffer) => void,
  ): void {
    const others = server.listeners(event)
    server.removeAllListeners(event)
    server.on(event, (request: IncomingMessage, answer: T, head: Buffer) => {
      const name = portNameOf(request.headers.host, this.#options.domain)
      if (name !== undefined) return serve(request, answer, name, head)
      for (const listener of others) listener.call(server, request, answer, head)
    })
  }

  async #serve(request: IncomingMessage, reply: ServerResponse, name: string): Promise<void> {
    const { shells } = this.#options
    reply.on('error', () => reply.destroy())
    request.on('error', () => {})
    try {
      checkForm(request)
      if (request.url?.startsWith(ownPath)) return await this.#enter(request, reply, name)
      const visitor = this.#visitor(request, name, false)
      const visit = await this.#admit(visitor)
      if (visit.port.account !== null) return await shells.answer(visitor, reply, visit)
      await this.#exchange(visitor, visit, reply, (upstream) => forwardRequest(request, reply, upstream))
    } catch (error) {
      this.#refuse(request, reply, name, error)
    }
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, name: string): Promise<void> {
    const drop = () => socket.destroy()
    socket.on('error', drop)
    try {
      checkForm(request)
      if (request.url?.startsWith(ownPath)) throw notFound('websocket', ownPath)
      const visitor = this.#visitor(request, name, true)
      const visit = await this.#admit(visitor)
      if (visit.port.account !== null) {
        socket.off('error', drop)
        return this.#options.shells.upgrade(visitor, socket, head, visit, (lost) => this.#watch(visitor, visit, lost))
      }
      await this.#exchange(visitor, visit, socket, (upstream) => forwardUpgrade(request, socket, head, upstream))
    } catch (error) {
      answerRaw(socket, this.#tell(error))
    }
  }

  #visitor(request: IncomingMessage, name: string, isUpgrade: boolean): Visitor {
    return { request, name, isUpgrade, origin: this.#originOf(request) }
  }

  #originOf(request: IncomingMessage): string {
    return new URL(`${this.#options.isSecure(request) ? 'https' : 'http'}://${request.headers.host ?? ''}`).origin
  }

  async #admit(visitor: Visitor): Promise<Visit> {
    const { services, bounds, key } = this.#options
    const { request } = visitor
    try {
      const visit = await admitVisitor({ ...services, key }, visitor)
      if (visit.isLoggedIn) bounds.trust(request)
      else this.#meetStranger(request, request.headers)
      return visit
    } catch (error) {
      // Whoever is refused is counted as a stranger, whatever he sent.
      this.#meetStranger(request)
      throw error
    }
  }

  #meetStranger(request: IncomingMessage, headers: IncomingHttpHeaders = {}): void {
    const { gate, bounds } = this.#options
    if (!gate.meet(headers, request.socket.remoteAddress)) bounds.refuseBeyond(request)
  }

  /** Dials the guest, and lets the exchange go on for as long as its visitor may. */
  async #exchange(
    visitor: Visitor,
    { port, user, ownerId, isOwnAuthorization }: Visit,
    client: ServerResponse | Duplex,
    forward: (upstream: Upstream) => Promise<void>,
  ): Promise<void> {
    const { services, counts } = this.#options
    const { request, origin } = visitor
    using _place = counts.take({ id: ownerId }, port.access === 'public' ? 'public-port-requests' : 'port-requests')
    const number = port.number ?? 0
    const connection = await services.machines.dial(user, port.run_id, port.machine, number)
    connection.on('error', () => connection.destroy())
    if (client.destroyed) return void connection.destroy()
    const unwatch = this.#watch(visitor, { port }, () => {
      client.destroy()
      connection.destroy()
    })
    const host = port.host_rewrite ?? new URL(origin).host
    const tls = port.tls === 1
    const upstreamOrigin = port.host_rewrite === null ? undefined : `${tls ? 'https' : 'http'}://${port.host_rewrite}`
    this.#open.add(client).add(connection)
    try {
      await forward({
        connection,
        tls,
        path: rewritePath(port.path_rewrite ?? undefined, request.url ?? '/'),
        headers: requestHeaders(request.headersDistinct, {
          host,
          origin,
          upstreamOrigin,
          address: request.socket.remoteAddress ?? '',
          isOwnAuthorization,
        }),
        origin,
        upstreamHosts: new Set([host, ...[port.machine, 'localhost', '127.0.0.1'].map((each) => `${each}:${number}`)]),
      })
    } catch (error) {
      throw new RametError(
        'bad_gateway',
        502,
        `What listens on port ${number} of ${port.machine} does not answer as it should.`,
        {
          hint: 'Is it a web server? One that speaks TLS itself is published with --tls.',
          cause: error,
        },
      )
    } finally {
      this.#open.delete(client)
      this.#open.delete(connection)
      unwatch()
      connection.destroy()
    }
  }

  #watch(visitor: Visitor, { port }: Pick<Visit, 'port'>, lost: (why: RametError) => void): () => void {
    const { services, key, recheckMs = 30_000 } = this.#options
    return watchVisit({ ...services, key, recheckMs }, visitor, port, lost)
  }

  /** Trades a ticket for the cookie of this host, and leads on. */
  async #enter(request: IncomingMessage, reply: ServerResponse, name: string): Promise<void> {
    const { services, handovers, key, isSecure } = this.#options
    this.#meetStranger(request)
    const url = new URL(request.url ?? '/', 'http://port')
    if (request.method !== 'GET' || url.pathname !== `${ownPath}enter`) throw notFound('page', url.pathname)
    const found = await services.ports.find(name)
    if (!found) throw notFound('published port', name)
    const pass = handovers.take(url.searchParams.get('ticket') ?? '', found.row.id)
    if (!pass) throw portForbidden()
    const { pathname, search, hash } = new URL(pathFor(url.searchParams.get('to')), 'http://port')
    reply.writeHead(303, {
      location: pathname + search + hash,
      'set-cookie': setPass(writePass(key, pass), isSecure(request)),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'content-length': 0,
    })
    reply.end()
  }

  #refuse(request: IncomingMessage, reply: ServerResponse, name: string, error: unknown): void {
    if (reply.headersSent) return void reply.destroy()
    const told = this.#tell(error)
    const to = request.method === 'GET' ? (request.url ?? '/') : '/'
    answerNotice(
      request,
      reply,
      noticeFor(told, () => this.#options.enterUrl(request, name, to)),
      told,
    )
  }

  #tell(error: unknown): RametError {
    const known = toRametError(error)
    if (!known) this.#options.log.error({ err: error }, 'a request to a published port failed')
    return known ?? internalError()
  }
}
