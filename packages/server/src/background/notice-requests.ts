import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import type { Activity } from './activity.ts'

const looksOnly = new Set(['GET', 'HEAD', 'OPTIONS'])

/** A request that may change something is a person's action until it is answered: what is read, also all the time by an open page, is none. */
export function noticeRequests(app: FastifyInstance, activity: Activity): void {
  app.addHook('onRequest', async ({ method }, reply) => {
    if (!looksOnly.has(method)) void activity.during(() => once(reply.raw, 'close'))
  })
}
