import { eventSchema } from '@ramet/model/api/events.ts'
import { routes } from '@ramet/model/api/routes.ts'
import type { Gate } from '../../access/gate.ts'
import type { OpenCounts } from '../../access/open-counts.ts'
import type { Events } from '../../services.ts'
import type { OpenStreams } from '../open-streams.ts'
import { type Route, route } from '../route.ts'

export interface EventRouteTools {
  readonly events: Events
  readonly streams: OpenStreams
  readonly gate: Gate
  readonly counts: OpenCounts
}

export const eventRoutes = ({ events, streams, gate, counts }: EventRouteTools): Route[] => [
  route({
    method: 'GET',
    path: routes.events(),
    permission: 'run.list',
    summary: 'Everything that happens to runs and images, as server-sent events; the first are the picture as it is now',
    answer: eventSchema,
    produces: 'text/event-stream',
    async handle({ user, request, reply }) {
      const place = counts.take(user, 'event-streams')
      const last = Number(request.headers['last-event-id'] || Number.NaN)
      reply.hijack()
      const send = streams.open(reply.raw, { 'x-request-id': request.id })
      const stop = events.subscribe(user, ({ frame }) => send(frame), Number.isSafeInteger(last) ? last : undefined)
      const unwatch = gate.watch(request.headers, 'read', () => reply.raw.end())
      reply.raw.on('close', () => {
        stop()
        unwatch()
        place[Symbol.dispose]()
      })
      // From here on Fastify sends no answer.
      return undefined as never
    },
  }),
]
