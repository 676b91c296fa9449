import { type Actor, type Owned, type Permission, platform } from '@ramet/model/access/can.ts'
import { bodyTooLarge } from '@ramet/model/errors/errors.ts'
import type { FastifyInstance, FastifyRequest, RouteOptions } from 'fastify'
import type { Gate } from '../access/gate.ts'
import { permit, permitScope } from '../access/permit.ts'
import { openEntry } from '../audit/of-requests.ts'
import { tellFailure } from '../audit/tell-failure.ts'
import type { Audit, User } from '../services.ts'
import { notTaken } from './json-body.ts'
import { boundArrival } from './refused-requests.ts'
import { bodyBytes, type Route } from './route.ts'
import { validate } from './validate.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    lender?: Route['lender']
  }
}

export interface RegisterOptions {
  readonly gate: Gate
  readonly audit: Pick<Audit, 'begin'>
  /** For the body of somebody who is not logged in. */
  readonly strangersBodyMs: number
  /** Called for each request with valid credentials. */
  admitted(request: FastifyRequest): void
}

const nobody: User = { id: '', name: '' }

/**
 * Serves the declared routes. Looks at a request from its outside to its inside: where it comes from, how long its body says to be, who asks, whether he may; only then the body
 * is read, which ends when it grows too long, parsed, and checked by its schema. So nothing of a stranger is parsed, but the few bytes of a login.
 */
export function register(
  app: FastifyInstance,
  routes: readonly Route[],
  { gate, audit, strangersBodyMs, admitted }: RegisterOptions,
): void {
  const asking = new WeakMap<object, User>()
  for (const route of routes) {
    const purpose = route.method === 'GET' ? 'read' : 'change'
    const { permission } = route
    const limit = route.bodyBytes ?? bodyBytes.small
    const options: RouteOptions = {
      method: route.method,
      url: route.path,
      // A HEAD answered like GET would open event streams that nobody reads.
      exposeHeadRoute: false,
      bodyLimit: limit,
      config: { takes: route.takes, lender: route.lender },
      async onRequest(request) {
        if (permission === 'anyone') {
          if (purpose === 'change') gate.checkLogin(request.headers)
          checkLength(request, limit)
          boundArrival(request, strangersBodyMs)
          return
        }
        gate.checkOrigin(request.headers, purpose)
        checkLength(request, limit)
        const user = await gate.identify(request.headers)
        admitted(request)
        await tellFailure(openEntry(audit, route, request, user), async () => {
          permitScope(user, permission)
          const subject = subjectOf(permission, user)
          if (subject) permit(user, permission, subject)
        })
        asking.set(request, user)
      },
      async handler(request, reply) {
        if (route.takes && request.body === undefined && !route.body) throw notTaken(route.takes)
        const user = asking.get(request)
        const entry = openEntry(audit, route, request, user)
        const answer = await tellFailure(entry, () =>
          route.handle({
            user: { ...(user ?? nobody), ...(entry ? { entry } : {}) },
            params: request.params as Record<string, string>,
            query: route.query ? validate(route.query, request.query) : {},
            body: route.body ? validate(route.body, request.body ?? {}) : route.takes ? request.body : undefined,
            entry,
            request,
            reply,
          }),
        )
        await entry?.done()
        return route.produces === 'text/event-stream' ? reply : answer
      },
    }
    app.route(options)
  }
}

/** A body without a Content-Length is measured while it arrives (Fastify's `bodyLimit`). */
function checkLength({ headers }: FastifyRequest, limit: number): void {
  if (Number(headers['content-length'] ?? 0) > limit) throw bodyTooLarge(limit)
}

/** What is asked before there is a row. */
const aboutNone: readonly Permission[] = ['playground.create', 'group.list', 'group.create', 'group.join']

/** Subject of a route if it is known before the handler runs; undefined for runs and playgrounds. */
function subjectOf(permission: Permission, user: Actor): Owned | undefined {
  if (permission.startsWith('account.')) return { ownerId: user.id }
  const isAboutRows = ['run.', 'playground.', 'group.'].some((kind) => permission.startsWith(kind))
  return isAboutRows && !aboutNone.includes(permission) ? undefined : platform
}
