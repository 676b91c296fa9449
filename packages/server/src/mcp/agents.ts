import { Readable } from 'node:stream'
import { routes } from '@ramet/model/api/routes.ts'
import { bodyTooLarge, invalidInput, notAuthenticated } from '@ramet/model/errors/errors.ts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Gate } from '../access/gate.ts'
import type { OpenCounts } from '../access/open-counts.ts'
import { publicUrl } from '../http/public-url.ts'
import { boundArrival } from '../http/refused-requests.ts'
import { bodyBytes } from '../http/route.ts'
import type { IsSecure } from '../http/secure-requests.ts'
import type { Services, User } from '../services.ts'
import { readScopes, toolScopes } from './scopes.ts'

export interface AgentsOptions {
  readonly services: Services
  readonly gate: Gate
  readonly counts: OpenCounts
  readonly strangersBodyMs: number
  readonly isSecure: IsSecure
  /** Called for each request with valid credentials. */
  admitted(request: FastifyRequest): void
}

/** Only the path and the query of a URL matter. */
const ownAddress = 'http://server'

/** Asks nothing of anybody's: what a client may send before it has a token. Everything else is answered with 401, at which it asks its user to let it in (OAuth) or for a token. */
const open = new Set([
  'initialize',
  'notifications/initialized',
  'notifications/cancelled',
  'ping',
  'server/discover',
  'tools/list',
])

/**
 * Serves tools for agents at /mcp by the streamable HTTP transport of the Model Context Protocol, without sessions: each request stands for itself, so that clients go on after a new
 * start of the server. A request is looked at from its outside to its inside, as in `http/register.ts`. Credentials are those of its Authorization header alone: a browser adds none.
 */
export function addAgents(
  app: FastifyInstance,
  { services, gate, counts, strangersBodyMs, isSecure, admitted }: AgentsOptions,
): void {
  const asking = new WeakMap<FastifyRequest, User>()
  const scopesOf = ({ url }: FastifyRequest) => readScopes(new URL(url, ownAddress).searchParams.get('scopes'))

  /** Says where a client finds out how to log in, and for what (RFC 6750, 3; RFC 9728, 5.1). */
  const challenge = (request: FastifyRequest, reply: FastifyReply) => {
    const parts = [
      'Bearer realm="Ramet"',
      ...(request.headers.authorization === undefined ? [] : ['error="invalid_token"']),
      `resource_metadata="${publicUrl(request, isSecure)}${routes.protectedMcp()}"`,
      `scope="${[...(scopesOf(request) ?? toolScopes)].join(' ')}"`,
    ]
    reply.header('www-authenticate', parts.join(', '))
  }

  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: routes.mcp(),
    exposeHeadRoute: false,
    bodyLimit: bodyBytes.manifest,
    async onRequest(request, reply) {
      reply.header('cache-control', 'no-store')
      const { headers } = request
      if (headers.authorization === undefined) {
        gate.checkLogin(headers)
        // A stranger's request says its length.
        const length = headers['content-length'] ?? (headers['transfer-encoding'] === undefined ? 0 : Number.POSITIVE_INFINITY)
        if (Number(length) > bodyBytes.small) throw bodyTooLarge(bodyBytes.small)
        return boundArrival(request, strangersBodyMs)
      }
      challenge(request, reply)
      const user = await gate.admit(headers, 'change')
      reply.removeHeader('www-authenticate')
      admitted(request)
      asking.set(request, user)
    },
    async handler(request, reply) {
      const user = asking.get(request)
      if (!user && !asksNothing(request.body)) {
        challenge(request, reply)
        throw notAuthenticated()
      }
      const allowed = scopesOf(request)
      if (!allowed) throw invalidInput(`There is no such scope.`, 'scopes', `There are: ${toolScopes.join(', ')}.`)
      const place = user && counts.take(user, 'sockets')
      const gone = new AbortController()
      const unwatch = user ? gate.watch(request.headers, 'change', () => gone.abort()) : () => {}
      reply.raw.on('close', () => {
        unwatch()
        place?.[Symbol.dispose]()
        gone.abort()
      })
      // A server without agents does not load what they need.
      const [{ createMcpHandler }, { agentServer }] = await Promise.all([
        import('@modelcontextprotocol/server'),
        import('./agent-server.ts'),
      ])
      const address = request.raw.socket.remoteAddress
      const version = services.host.health().version
      const failed = (error: unknown) => request.log.error({ err: error }, 'a tool failed')
      const { fetch } = createMcpHandler(
        () => agentServer({ services, counts, version, user, address, scopes: allowed, signal: gone.signal, failed }),
        { onerror: (error) => request.log.debug({ err: error }, 'refused an agent') },
      )
      return send(reply, await fetch(toWebRequest(request, gone.signal), { parsedBody: request.body }))
    },
  })
}

/** Anything that is no request is refused by the protocol itself. */
function asksNothing(body: unknown): boolean {
  const messages: unknown[] = Array.isArray(body) ? body : [body]
  return messages.every((message) => {
    const method = typeof message === 'object' && message !== null && 'method' in message ? message.method : undefined
    return method === undefined || (typeof method === 'string' && open.has(method))
  })
}

/** Its body was parsed already. */
function toWebRequest({ method, url, headers }: FastifyRequest, signal: AbortSignal): Request {
  const passed = new Headers()
  for (const name of [
    'accept',
    'content-type',
    'mcp-protocol-version',
    'mcp-method',
    'mcp-name',
    'mcp-session-id',
    'last-event-id',
  ]) {
    const value = headers[name]
    if (typeof value === 'string') passed.set(name, value)
  }
  return new Request(new URL(url, ownAddress), { method, headers: passed, signal })
}

function send(reply: FastifyReply, response: Response): FastifyReply {
  reply.code(response.status)
  for (const [name, value] of response.headers) reply.header(name, value)
  reply.header('cache-control', 'no-store')
  return reply.send(
    response.body === null ? undefined : Readable.fromWeb(response.body as Parameters<typeof Readable.fromWeb>[0]),
  )
}
