import { once } from 'node:events'
import type { FastifyInstance } from 'fastify'
import type { Activity } from './activity.ts'

const looksOnly = new Set(['GET', 'HEAD', 'OPTIONS'])

/** Counts each request that may change something as a person's action until it is answered. Reads do not count: an open page reads all the time. */
export function noticeRequests(app: FastifyInstance, activity: Activity): void {
  app.addHook('onRequest', async ({ method }, reply) => {
    if (!looksOnly.has(method)) void activity.during(() => once(reply.raw, 'close'))
  })
}
