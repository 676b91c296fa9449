import { routes } from '@ramet/model/api/routes.ts'
import { runStates } from '@ramet/model/run/run-state.ts'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Runs } from '../services.ts'
import { type Route, route } from './route.ts'

interface Counted {
  readonly labels: { readonly method: string; readonly route: string; readonly status: number }
  count: number
}

/** Counts the requests of `app`. Returns the route that serves the figures in Prometheus' text format. */
export function addMetrics(app: FastifyInstance, runs: Runs): Route[] {
  const requests = new Map<string, Counted>()

  app.addHook('onResponse', async (request, reply) => {
    // Label by the pattern, not the URL: strangers must not be able to add labels.
    const labels = { method: request.method, route: request.routeOptions.url ?? 'none', status: reply.statusCode }
    const key = `${labels.method} ${labels.status} ${labels.route}`
    const counted = requests.get(key)
    if (counted) counted.count += 1
    else requests.set(key, { labels, count: 1 })
  })

  return [
    route({
      method: 'GET',
      path: routes.metrics(),
      permission: 'host.read',
      summary: "The server's figures in Prometheus' text format",
      produces: 'text/plain',
      answer: z.string(),
      async handle({ user, reply }) {
        // Few servers are ever asked, and at a start it is a twelfth of what is imported.
        const { Counter, Gauge, Registry } = await import('prom-client')
        const registry = new Registry()
        const registers = [registry]
        const answered = new Counter({
          name: 'ramet_http_requests_total',
          help: 'Requests answered.',
          labelNames: ['method', 'route', 'status'],
          registers,
        })
        for (const { labels, count } of requests.values()) answered.inc(labels, count)
        const states = new Gauge({
          name: 'ramet_runs',
          help: "The asking user's runs that have not been destroyed, by state.",
          labelNames: ['state'],
          registers,
        })
        const lag = new Gauge({
          name: 'ramet_event_loop_lag_seconds',
          help: 'How late the event loop is at this moment.',
          registers,
        })
        const memory = new Gauge({ name: 'ramet_resident_memory_bytes', help: 'Memory of the server process.', registers })
        for (const state of runStates) states.set({ state }, 0)
        for (const { state, count } of await runs.countByState(user)) states.set({ state }, count)
        memory.set(process.memoryUsage.rss())
        lag.set(await eventLoopLag())
        reply.type(registry.contentType)
        return registry.metrics()
      },
    }),
  ]
}

async function eventLoopLag(): Promise<number> {
  const asked = process.hrtime.bigint()
  await new Promise((resolve) => setImmediate(resolve))
  return Number(process.hrtime.bigint() - asked) / 1e9
}
