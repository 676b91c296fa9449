import type { IncomingMessage, Server } from 'node:http'
import type { Server as NetServer, Socket } from 'node:net'
import { tooManyConnections } from '@ramet/model/errors/errors.ts'
import { sourceOf } from '../access/source-budget.ts'
import { answerRaw, lingerMs } from './raw-answers.ts'

/** Bounds on a connection, in milliseconds; by Node, all but the last. A client that sends a byte a minute holds none for long. */
export const timeouts = {
  headersTimeout: 10_000,
  /** For a whole request: 8 MiB over a slow line. */
  requestTimeout: 60_000,
  /** How often Node looks for those that are late; its default of 30 s would make 10 s mean 40. */
  connectionsCheckingInterval: 2_000,
  /** For the body of somebody who is not logged in: Ramet's own. */
  strangersBody: 10_000,
} as const

export type Timeouts = Readonly<Record<keyof typeof timeouts, number>>

/** Open connections of one source on which nobody has logged in yet. A browser opens six. */
const mostOfStrangers = 256

/** Refuses further connections of a source that holds too many without a login. */
export class ConnectionBounds {
  readonly #most: number
  readonly #ofSource = new Map<string, number>()
  readonly #strangers = new WeakMap<Socket, () => void>()

  constructor(most = mostOfStrangers) {
    this.#most = most
  }

  /** `turnAway`: what becomes of a connection that is one too many; default: it is told so in HTTP. */
  attach(server: Server | NetServer, turnAway: (socket: Socket) => void = refuse): void {
    // Node's own listener begins to read; what is refused here is not read at all.
    const serve = server.listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      if (!this.#strangers.has(socket) && !this.#meet(socket)) return turnAway(socket)
      for (const listener of serve) listener.call(server, socket)
    })
  }

  /** What is counted for one socket counts for another one, which is the same connection: encrypted, and as it is read. */
  passOn(from: Socket, to: Socket): void {
    const leave = this.#strangers.get(from)
    if (leave) this.#strangers.set(to, leave)
  }

  /** Somebody has logged in on the connection of this request: it is counted no more. */
  trust({ socket }: IncomingMessage): void {
    this.#strangers.get(socket)?.()
  }

  /** Counts the connection; false when it is one too many. */
  #meet(socket: Socket): boolean {
    const source = sourceOf(socket.remoteAddress)
    const open = this.#ofSource.get(source) ?? 0
    if (open >= this.#most) return false
    this.#ofSource.set(source, open + 1)
    let isCounted = true
    const leave = () => {
      if (!isCounted) return
      isCounted = false
      const left = (this.#ofSource.get(source) ?? 1) - 1
      if (left === 0) this.#ofSource.delete(source)
      else this.#ofSource.set(source, left)
    }
    this.#strangers.set(socket, leave)
    socket.once('close', leave)
    return true
  }
}

function refuse(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  answerRaw(socket, tooManyConnections())
  setTimeout(() => socket.destroy(), lingerMs).unref()
}
