import { eventSchema } from '@ramet/model/api/events.ts'
import { routes } from '@ramet/model/api/routes.ts'
import type { Gate } from '../../access/gate.ts'
import type { Events } from '../../services.ts'
import type { OpenStreams } from '../open-streams.ts'
import { type Route, route } from '../route.ts'

export const eventRoutes = (events: Events, streams: OpenStreams, gate: Gate): Route[] => [
  route({
    method: 'GET',
    path: routes.events(),
    permission: 'run.list',
    summary: 'Everything that happens to runs and images, as server-sent events; the first are the picture as it is now',
    answer: eventSchema,
    produces: 'text/event-stream',
    async handle({ user, request, reply }) {
      const last = Number(request.headers['last-event-id'] || Number.NaN)
      reply.hijack()
      const send = streams.open(reply.raw, { 'x-request-id': request.id })
      const stop = events.subscribe(
        user,
        (id, event) => send(`id: ${id}\ndata: ${JSON.stringify(event)}\n\n`),
        Number.isSafeInteger(last) ? last : undefined,
      )
      const unwatch = gate.watch(request.headers, 'read', () => reply.raw.end())
      reply.raw.on('close', () => {
        stop()
        unwatch()
      })
      // From here on Fastify sends no answer.
      return undefined as never
    },
  }),
]
