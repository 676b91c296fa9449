import { randomBytes } from 'node:crypto'
import { routes } from '@ramet/model/api/routes.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Services, User } from '../services.ts'
import { type Route, route } from './route.ts'
import type { WebSockets } from './web-sockets.ts'

export interface LiveStatusOptions {
  readonly services: Services
  readonly sockets: WebSockets
  /** `wss` when clients come by https. */
  readonly scheme: 'ws' | 'wss'
  /** labctl looks whether a run is ready only when a frame comes, so one is sent at least this often. */
  readonly everyMs?: number
}

interface Ticket {
  readonly user: User
  readonly id: string
  readonly expiresAt: number
}

/** labctl dials ten times, five seconds apart, and sends no credentials but the URL. */
const ticketMs = 120_000
const maxTickets = 1000
const maxWaitingBytes = 1024 * 1024

/** labctl's way to follow one run (reference: labctl `api/plays`, connections): a websocket that sends its status, and each task that changed. Returns the route that hands out its URL. */
export function addLiveStatus({ services, sockets, scheme, everyMs = 3000 }: LiveStatusOptions): Route[] {
  const tickets = new Map<string, Ticket>()

  const issue = (user: User, id: string): string => {
    const now = Date.now()
    for (const [name, { expiresAt }] of tickets) {
      if (expiresAt > now && tickets.size < maxTickets) break
      tickets.delete(name)
    }
    const name = randomBytes(24).toString('base64url')
    tickets.set(name, { user, id, expiresAt: now + ticketMs })
    return name
  }

  sockets.add(decodeURIComponent(routes.liveStatus(':ticket')), async ({ params: [name = ''] }) => {
    const ticket = tickets.get(name)
    if (!ticket || ticket.expiresAt < Date.now())
      throw notFound('live status', 'of this ticket', 'Ask for a new one: POST /api/plays/ID/conns.')
    const { user, id } = ticket
    let play = await services.runs.get(user, id)
    return (socket) => {
      const told = new Map<string, number>()
      const send = () => {
        if (socket.bufferedAmount > maxWaitingBytes) return socket.terminate()
        socket.send(JSON.stringify({ kind: 'status', status: play.status }))
        for (const task of Object.values(play.tasks)) {
          if (told.get(task.name) === task.version) continue
          told.set(task.name, task.version)
          socket.send(JSON.stringify({ kind: 'task', task }))
        }
      }
      const see = (now: Play) => {
        play = now
        send()
      }
      const timer = setInterval(send, everyMs)
      const stop = services.events.subscribe(user, (_id, event) => {
        if (event.kind === 'play' && event.play.id === id) see(event.play)
      })
      socket.on('message', () => {})
      socket.on('close', () => {
        clearInterval(timer)
        stop()
      })
      send()
    }
  })

  return [
    route({
      method: 'POST',
      path: routes.connections(':id'),
      permission: 'run.read',
      params: ['id'],
      summary:
        'The URL of a websocket that sends status and tasks of a run at once, whenever they change, and the status every few seconds',
      answer: z.object({ url: z.string() }),
      async handle({ user, params, request }) {
        await services.runs.get(user, params.id)
        return { url: `${scheme}://${hostOf(request)}${routes.liveStatus(issue(user, params.id))}` }
      },
    }),
  ]
}

/** As the client knows the server: it alone is told, so it may name it as it likes. */
const hostOf = (request: FastifyRequest): string => request.headers.host ?? request.host
