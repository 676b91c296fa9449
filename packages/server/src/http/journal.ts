import type { Readable } from 'node:stream'
import { type JournalFrame, type JournalRequest, journalRequestSchema } from '@ramet/model/api/journal.ts'
import { routes } from '@ramet/model/api/routes.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { FastifyBaseLogger } from 'fastify'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import type { Gate } from '../access/gate.ts'
import { LentLogin } from '../access/lent-login.ts'
import type { OpenCounts } from '../access/open-counts.ts'
import { journalCommand } from '../journal/journal-command.ts'
import type { Services, User } from '../services.ts'
import { inRun } from '../ssh/destination.ts'
import { publicSocketUrl } from './public-url.ts'
import { type Route, route } from './route.ts'
import type { IsSecure } from './secure-requests.ts'
import { Tickets } from './tickets.ts'
import type { WebSockets } from './web-sockets.ts'

export interface JournalOptions {
  readonly services: Pick<Services, 'runs' | 'machines'>
  readonly gate: Gate
  readonly sockets: WebSockets
  readonly counts: OpenCounts
  readonly isSecure: IsSecure
  readonly log: FastifyBaseLogger
}

interface Asked {
  readonly login: LentLogin
  readonly id: string
  readonly machine: string
  readonly request: JournalRequest
}

/** Serves the journal of a machine as labctl reads it: a websocket of JSON frames, followed until the client leaves. Returns the route that hands out its URL. */
export function addJournals({ services, gate, sockets, counts, isSecure, log }: JournalOptions): Route[] {
  const { runs, machines } = services
  const tickets = new Tickets<Asked>()

  async function show(socket: WebSocket, user: User, { id, machine, request }: Asked): Promise<void> {
    const process = await machines.exec(user, id, machine, journalCommand(request), { user: 'root' })
    const end = () => process.close()
    socket.once('close', end)
    if (socket.readyState !== socket.OPEN) end()
    process.stdin.end()
    const outputs = (['stdout', 'stderr'] as const).map((channel) =>
      copy(process[channel], (text) => sent(socket, { [channel]: text })),
    )
    const [{ code }] = await Promise.all([process.exit, ...outputs])
    await sent(socket, { exitCode: code, eof: true })
  }

  sockets.add(
    {
      path: routes.journal(':ticket'),
      permission: 'anyone',
      summary: 'The journal of a machine, as JSON frames (labctl `machine journal`)',
    },
    async ({ params: [name = ''] }) => {
      const asked = tickets.find(name)
      if (!asked) throw notFound('journal', 'of this ticket', 'Ask for a new one: POST /api/plays/ID/journals.')
      // Whoever may not enter the run any more reads nothing.
      const user = await asked.login.user()
      await runs.get(user, asked.id)
      return (socket) => {
        asked.login.bind(socket)
        socket.on('message', () => {})
        const live = async () => {
          using _ = counts.take(user, 'sockets')
          await show(socket, user, asked)
        }
        live()
          .catch(async (error: unknown) => {
            if (!(error instanceof RametError)) log.error({ err: error }, 'a journal could not be shown')
            await sent(socket, {
              stderr: error instanceof RametError ? `${error.message}\n` : 'It failed.\n',
              exitCode: 1,
              eof: true,
            })
          })
          .finally(() => socket.close(1000))
      }
    },
    ({ params: [name = ''] }) => tickets.find(name)?.login,
  )

  return [
    route({
      method: 'POST',
      path: routes.journals(':id'),
      permission: 'run.enter',
      params: ['id'],
      summary: 'The URL of a websocket that sends the journal of a machine, and follows it unless `until` is given',
      body: journalRequestSchema,
      answer: z.object({ url: z.string() }),
      async handle({ user, params: { id }, body, request }) {
        const { machine } = inRun(await runs.get(user, id), body.machine ?? '')
        const ticket = tickets.issue({ login: new LentLogin(gate, request.headers), id, machine, request: body })
        return { url: publicSocketUrl(request, isSecure) + routes.journal(ticket) }
      },
    }),
  ]
}

/** Resolves when it was handed over, so that a client that reads slowly slows the guest. */
const sent = (socket: WebSocket, frame: JournalFrame): Promise<void> =>
  new Promise((resolve) => {
    if (socket.readyState !== socket.OPEN) resolve()
    else socket.send(JSON.stringify(frame), () => resolve())
  })

async function copy(output: Readable, say: (text: string) => Promise<void>): Promise<void> {
  const decoder = new TextDecoder()
  for await (const bytes of output) await say(decoder.decode(bytes as Buffer, { stream: true }))
}
