import { type Actor, type Owned, type Permission, platform } from '@ramet/model/access/can.ts'
import type { FastifyInstance, RouteOptions } from 'fastify'
import type { Gate } from '../access/gate.ts'
import { permit } from '../access/permit.ts'
import type { User } from '../services.ts'
import type { Route } from './route.ts'
import { validate } from './validate.ts'

const nobody: User = { id: '', name: '' }

/** Serves the declared routes: checks credentials first, so that no stranger's body is read, then schemas, then calls the handler. */
export function register(app: FastifyInstance, routes: readonly Route[], gate: Gate): void {
  const asking = new WeakMap<object, User>()
  for (const route of routes) {
    const purpose = route.method === 'GET' ? 'read' : 'change'
    const options: RouteOptions = {
      method: route.method,
      url: route.path,
      // A HEAD answered like GET would open event streams that nobody reads.
      exposeHeadRoute: false,
      async handler(request, reply) {
        const answer = await route.handle({
          user: asking.get(request) ?? nobody,
          params: request.params as Record<string, string>,
          query: route.query ? validate(route.query, request.query) : {},
          body: route.body ? validate(route.body, request.body ?? {}) : undefined,
          request,
          reply,
        })
        return route.produces === 'text/event-stream' ? reply : answer
      },
    }
    const { permission } = route
    if (permission !== 'anyone') {
      options.onRequest = async (request) => {
        const user = await gate.admit(request.headers, purpose)
        const subject = subjectOf(permission, user)
        if (subject) permit(user, permission, subject)
        asking.set(request, user)
      }
    }
    app.route(options)
  }
}

/** Subject of a route if it is known before the handler runs; undefined for runs and playgrounds. */
function subjectOf(permission: Permission, user: Actor): Owned | undefined {
  if (permission.startsWith('account.')) return { ownerId: user.id }
  const isAboutRows = permission.startsWith('run.') || permission.startsWith('playground.')
  return isAboutRows && permission !== 'playground.create' ? undefined : platform
}
