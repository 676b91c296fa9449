import { routes } from '@ramet/model/api/routes.ts'
import type { Play } from '@ramet/model/api/wire.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import type { Gate } from '../access/gate.ts'
import { LentLogin } from '../access/lent-login.ts'
import type { OpenCounts } from '../access/open-counts.ts'
import type { Services } from '../services.ts'
import { publicSocketUrl } from './public-url.ts'
import { type Route, route } from './route.ts'
import type { IsSecure } from './secure-requests.ts'
import { Tickets } from './tickets.ts'
import type { WebSockets } from './web-sockets.ts'

export interface LiveStatusOptions {
  readonly services: Services
  readonly gate: Gate
  readonly sockets: WebSockets
  readonly counts: OpenCounts
  readonly isSecure: IsSecure
  /** Longest time without a frame: labctl checks whether a run is ready only when one arrives. */
  readonly everyMs?: number
}

const maxWaitingBytes = 1024 * 1024

/** Serves the websocket by which labctl follows a run (labctl `api/plays`, connections): it sends the status and each changed task. Returns the route that hands out its URL. */
export function addLiveStatus({ services, gate, sockets, counts, isSecure, everyMs = 3000 }: LiveStatusOptions): Route[] {
  const tickets = new Tickets<{ readonly login: LentLogin; readonly id: string }>()

  sockets.add(
    {
      path: routes.liveStatus(':ticket'),
      permission: 'anyone',
      summary: 'Status and tasks of a run whenever they change, as JSON frames (labctl `playground start`)',
    },
    async ({ params: [name = ''] }) => {
      const ticket = tickets.find(name)
      if (!ticket) throw notFound('live status', 'of this ticket', 'Ask for a new one: POST /api/plays/ID/conns.')
      const { login, id } = ticket
      const user = await login.user()
      let play = await services.runs.get(user, id)
      return (socket) => {
        const place = placeFor(socket, () => counts.take(user, 'sockets'))
        if (!place) return
        login.bind(socket)
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
        const stop = services.events.subscribe(
          user,
          ({ event }) => {
            if (event.kind === 'play' && event.play.id === id) see(event.play)
          },
          'now',
        )
        socket.on('message', () => {})
        socket.on('close', () => {
          clearInterval(timer)
          stop()
          place[Symbol.dispose]()
        })
        send()
      }
    },
    ({ params: [name = ''] }) => tickets.find(name)?.login,
  )

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
        const ticket = tickets.issue({ login: new LentLogin(gate, request.headers), id: params.id })
        return { url: publicSocketUrl(request, isSecure) + routes.liveStatus(ticket) }
      },
    }),
  ]
}

/** Closes the websocket with 1013 (try again later) and the limit's code when it is one too many. */
function placeFor(socket: WebSocket, take: () => Disposable): Disposable | undefined {
  try {
    return take()
  } catch (error) {
    socket.close(1013, error instanceof RametError ? error.code : '')
    return undefined
  }
}
