import { routes } from '@ramet/model/api/routes.ts'
import { type ClientMessage, outputs } from '@ramet/model/api/stream.ts'
import { unknownMachine } from '@ramet/model/errors/errors.ts'
import { wordSchema } from '@ramet/model/units/plain-text.ts'
import type { FastifyBaseLogger } from 'fastify'
import type { WebSocket } from 'ws'
import { z } from 'zod'
import type { Gate } from '../access/gate.ts'
import { endWithLogin } from '../access/lent-login.ts'
import type { OpenCounts } from '../access/open-counts.ts'
import { permitScope } from '../access/permit.ts'
import { tellOfSocket } from '../audit/of-requests.ts'
import type { Services, User } from '../services.ts'
import { MachinePump } from './machine-pump.ts'
import { serveTerminal } from './serve-terminal.ts'
import { untilGone } from './until-gone.ts'
import { validate } from './validate.ts'
import type { AskedSocket, WebSockets } from './web-sockets.ts'

export interface MachineSocketsOptions {
  readonly services: Services
  readonly gate: Gate
  readonly counts: OpenCounts
  readonly log: FastifyBaseLogger
}

/** Of a terminal's websocket. */
export const terminalSizeSchema = z.object({
  cols: z.coerce.number().int().min(1).max(1000).default(80),
  rows: z.coerce.number().int().min(1).max(1000).default(24),
})
const terminalQuerySchema = terminalSizeSchema.extend({ user: wordSchema(32).default('') })
const sessionSchema = z.object({
  session: z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be 1 to 64 letters, digits, - and _'),
})

type ExecMessage = Extract<ClientMessage, { type: 'exec' }>

/** Websockets to a machine: terminal, command and console. User and permission are checked before the websocket is accepted. */
export function addMachineSockets(sockets: WebSockets, { services, gate, counts, log }: MachineSocketsOptions): void {
  const { machines, runs, audit } = services

  const admit = async (path: string, asked: AskedSocket) => {
    const [id = '', machine = ''] = asked.params
    const user = await gate.admit(asked.request.headers, 'websocket')
    const names = await tellOfSocket(audit, path, asked, user, async () => {
      permitScope(user, 'run.enter')
      return (await runs.get(user, id)).machines.map(({ name }) => name)
    })
    // Errors are sent over the accepted websocket: browsers and Node do not show programs the answer to a refused one.
    const fault = names.includes(machine) ? undefined : unknownMachine(machine, names)
    return { user, id, machine, fault }
  }

  /** Serves one websocket to its end, and sends a thrown error to the client. */
  const talk = (asked: AskedSocket, socket: WebSocket, user: User, life: (pump: MachinePump) => Promise<void>) => {
    endWithLogin(socket, gate, asked.request.headers, 'websocket')
    const pump = new MachinePump(socket)
    const live = async () => {
      const place = counts.take(user, 'sockets')
      socket.on('close', () => place[Symbol.dispose]())
      await life(pump)
    }
    live().catch((error: unknown) => {
      if (!pump.fail(error)) log.error({ err: error }, 'websocket into a machine failed')
    })
  }

  sockets.add(
    {
      path: routes.terminal(':id', ':machine', ':session'),
      permission: 'run.enter',
      summary: 'A shell in a machine that outlives its websocket; query: user, cols, rows (model, api/stream.ts)',
    },
    async (asked) => {
      const { user, id, machine, fault } = await admit(routes.terminal(':id', ':machine', ':session'), asked)
      const { session } = validate(sessionSchema, { session: asked.params[2] })
      const options = validate(terminalQuerySchema, Object.fromEntries(asked.query))
      return (socket) =>
        talk(asked, socket, user, async (pump) => {
          if (fault) throw fault
          await serveTerminal(socket, pump, () => machines.terminal(user, id, machine, session, options))
        })
    },
  )

  sockets.add(
    {
      path: routes.exec(':id', ':machine'),
      permission: 'run.enter',
      summary: 'A command in a machine, which ends with its websocket (model, api/stream.ts)',
    },
    async (asked) => {
      const { user, id, machine, fault } = await admit(routes.exec(':id', ':machine'), asked)
      return (socket) =>
        talk(asked, socket, user, async (pump) => {
          if (fault) throw fault
          const first = Promise.withResolvers<ExecMessage>()
          const early: Exclude<ClientMessage, { type: 'ack' | 'exec' }>[] = []
          let apply: ((message: Exclude<ClientMessage, { type: 'ack' | 'exec' }>) => void) | undefined
          let begun = false
          pump.onMessage((message) => {
            if (message.type === 'exec' && !begun) {
              begun = true
              pump.expectInput()
              first.resolve(message)
            } else if (message.type === 'exec' || !begun) pump.fault('The first message, and only that, is `exec`.')
            else if (apply) apply(message)
            else early.push(message)
          })
          const message = await untilGone(socket, first.promise, () => {})
          if (!message) return
          const process = await untilGone(socket, execute(user, id, machine, message), (late) => late.close())
          if (!process) return
          socket.on('close', () => process.close())
          apply = (message) => {
            if (message.type === 'resize') process.resize(message.cols, message.rows)
            else if (message.type === 'signal') process.signal(message.name)
            else process.stdin.end()
          }
          pump.setInput(process.stdin)
          for (const message of early) apply(message)
          pump.say({ type: 'ready' })
          const [exit] = await Promise.all([
            process.exit,
            pump.send(process.stdout, outputs.stdout),
            pump.send(process.stderr, outputs.stderr),
          ])
          pump.say({ type: 'exit', ...exit })
          pump.end()
        })
    },
  )

  const execute = (user: User, id: string, machine: string, { command = '', user: account, pty }: ExecMessage) =>
    machines.exec(user, id, machine, command, { ...(account ? { user: account } : {}), ...(pty ? { pty } : {}) })

  sockets.add(
    {
      path: routes.console(':id', ':machine'),
      permission: 'run.enter',
      summary: 'The serial line of a machine (model, api/stream.ts)',
    },
    async (asked) => {
      const { user, id, machine, fault } = await admit(routes.console(':id', ':machine'), asked)
      return (socket) =>
        talk(asked, socket, user, async (pump) => {
          if (fault) throw fault
          pump.expectInput()
          pump.onMessage(() => {})
          const line = await untilGone(socket, machines.console(user, id, machine), (late) => late.destroy())
          if (!line) return
          socket.on('close', () => line.destroy())
          pump.setInput(line)
          pump.say({ type: 'ready' })
          await pump.send(line, outputs.stdout)
          pump.end()
        })
    },
  )
}
