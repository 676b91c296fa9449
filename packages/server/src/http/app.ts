import { randomBytes, randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Limits } from '@ramet/model/access/limits.ts'
import { toErrorBody } from '@ramet/model/errors/error.ts'
import { internalError } from '@ramet/model/errors/errors.ts'
import fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
} from 'fastify'
import { makeGate, sessionCookieName } from '../access/gate.ts'
import { OpenCounts } from '../access/open-counts.ts'
import { ownNames } from '../access/origin.ts'
import type { SourceBudget } from '../access/source-budget.ts'
import { addAgents } from '../mcp/agents.ts'
import { enterUrl } from '../ports/enter-url.ts'
import { Handovers } from '../ports/handovers.ts'
import { PortFront } from '../ports/port-front.ts'
import { ShellFront } from '../ports/shell-front.ts'
import type { Services } from '../services.ts'
import type { WebState } from '../web/bundle.ts'
import { serveWeb } from '../web/serve.ts'
import { apiRoutes } from './api.ts'
import { ConnectionBounds, type Timeouts, timeouts } from './connection-bounds.ts'
import { serveDescription } from './docs-page.ts'
import { serveEnterPort } from './enter-port-page.ts'
import { answerErrors, toRametError } from './error-answers.ts'
import { takeJsonBodies } from './json-body.ts'
import { addMachineSockets } from './machine-sockets.ts'
import { OpenStreams, type OpenStreamsOptions } from './open-streams.ts'
import { describeApi } from './openapi.ts'
import { answerClientError } from './raw-answers.ts'
import { boundArrival } from './refused-requests.ts'
import { register } from './register.ts'
import { bodyBytes, type Route } from './route.ts'
import { secureRequests } from './secure-requests.ts'
import { type SocketRoute, WebSockets } from './web-sockets.ts'

export interface AppOptions {
  readonly log: FastifyBaseLogger
  /** The server's own address as a URL; https behind a proxy that speaks it. */
  readonly endpoint: string
  /** Further host names that browsers may use. */
  readonly names?: readonly string[]
  /** The built web app, which may be built later. Absent: only the API. */
  readonly webFolder?: string
  readonly webState?: () => WebState
  readonly pingMs?: number
  /** How often the credentials of open streams and websockets are checked again. */
  readonly recheckMs?: number
  readonly streams?: OpenStreamsOptions
  /** Most connections of one source without a login. */
  readonly strangers?: number
  readonly timeouts?: Partial<Timeouts>
  readonly budget?: SourceBudget
  /** Of published ports. */
  readonly ports?: {
    readonly domain: string
    /** Signs who was let in. */
    readonly key: Buffer
    /** The server's address for people, where one was configured. */
    readonly publicUrl?: string | undefined
  }
  readonly limits?: Limits
}

export interface App {
  readonly app: FastifyInstance
  readonly bounds: ConnectionBounds
  readonly routes: readonly Route[]
  readonly sockets: readonly SocketRoute[]
}

const noSchemas = () => {
  throw new Error('a route has a schema of Fastify: say it in zod')
}

/** Makes the HTTP server over `services`; `listen.ts` makes it listen. Closing it ends its streams and websockets, but not the services. */
export function assembleApp(services: Services, options: AppOptions): App {
  const { log, endpoint } = options
  const { strangersBody: strangersBodyMs, requestTimeout: bodyMs, ...nodeTimeouts } = { ...timeouts, ...options.timeouts }
  const app = fastify({
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    // Shapes are zod's (`validate.ts`), so that Fastify's own compilers of schemas need not be loaded at each start.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    bodyLimit: bodyBytes.small,
    // References to images are names too: a host, a repository of 255, a tag of 128 and a digest, percent-encoded.
    routerOptions: { maxParamLength: 1000 },
    // Node's bound is on all requests of a server, and an upload to a published port may take hours: those of the API are bounded one by one.
    requestTimeout: 0,
    forceCloseConnections: true,
    // Some HTTP clients offer HTTP/2 by an upgrade (h2c); they get a plain answer instead of a refused websocket.
    http: {
      ...nodeTimeouts,
      requestTimeout: 0,
      shouldUpgradeCallback: (request: IncomingMessage) => request.headers.upgrade?.toLowerCase() === 'websocket',
    },
    genReqId: () => randomUUID(),
    clientErrorHandler: answerClientError,
    // A URL that cannot be decoded matches no route, and so no error handler.
    frameworkErrors: (error, _request, reply: FastifyReply) => {
      const told = toRametError(error) ?? internalError()
      return reply.code(told.status).send(toErrorBody(told))
    },
  })
  const own = ownNames(endpoint, options.names ?? [])
  const cookieName = sessionCookieName(services.host.health().installation)
  const doors = { own, cookieName, recheckMs: options.recheckMs, budget: options.budget, known: new Set<string>() }
  const gate = makeGate({ ...doors, auth: services.auth })
  const agentsGate = makeGate({ ...doors, auth: { userOf: (token) => services.auth.userAtAgents(token) } })
  const bounds = new ConnectionBounds(options.strangers)
  bounds.attach(app.server)
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id)
    reply.header('x-content-type-options', 'nosniff')
    reply.header('referrer-policy', 'no-referrer')
    if (request.url.startsWith('/api/')) reply.header('cache-control', 'no-store')
    const lender = request.routeOptions.config.lender?.(request.params as Record<string, string>)
    const address = request.raw.socket.remoteAddress
    const isKnown = lender ? lender.meet(address) : gate.meet(request.headers, address)
    await bounds.letIn(request.raw, isKnown, () => (lender ? lender.user() : gate.identify(request.headers)))
    boundArrival(request, bodyMs)
  })
  app.addHook('onResponse', async (request, reply) => {
    // Log the pattern, since a URL may contain a ticket.
    const { method, routeOptions } = request
    request.log.debug(
      { method, route: routeOptions.url, status: reply.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    )
  })
  takeJsonBodies(app)
  answerErrors(app)

  const counts = new OpenCounts(options.limits)
  const streams = new OpenStreams(options.streams)
  const sockets = new WebSockets({ log, gate, bounds, ...(options.pingMs === undefined ? {} : { pingMs: options.pingMs }) })
  const isSecure = secureRequests(endpoint)
  const handovers = new Handovers()
  const { domain, key, publicUrl } = { domain: 'localhost', key: randomBytes(32), publicUrl: undefined, ...options.ports }
  const routes = apiRoutes({ app, services, gate, streams, sockets, isSecure, counts, handovers, portsDomain: domain })
  const admitted = ({ raw }: FastifyRequest) => bounds.trust(raw)
  register(app, routes, { gate, audit: services.audit, strangersBodyMs, admitted })
  addAgents(app, { services, gate: agentsGate, counts, strangersBodyMs, isSecure, admitted })
  addMachineSockets(sockets, { services, gate, log, counts })
  serveDescription(app, () => describeApi(routes, sockets.declared))
  sockets.attach(app.server)
  const { webFolder, webState = () => 'ready' as const } = options
  const front = new PortFront({
    services,
    shells: new ShellFront({ machines: services.machines, sockets, counts, webFolder, webState, log }),
    gate,
    bounds,
    counts,
    handovers,
    key,
    domain,
    isSecure,
    enterUrl: (request, name, to) => enterUrl({ endpoint, publicUrl, isSecure: isSecure(request) }, request, name, to),
    log,
    recheckMs: options.recheckMs,
  })
  front.attach(app.server)
  app.addHook('preClose', async () => {
    streams.close()
    front.close()
    await sockets.close()
  })
  serveEnterPort(app)
  if (webFolder !== undefined) serveWeb(app, webFolder, webState)
  return { app, routes, sockets: sockets.declared, bounds }
}

export const buildApp = (services: Services, options: AppOptions): FastifyInstance => assembleApp(services, options).app
