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

/** So many times the bound may be open at a moment: those beyond it have a moment, and one request, in which to log in. Programs that begin together have all connected before the first is heard. */
const greatestCrowd = 4
const momentMs = 5_000

/** Refuses connections of a source that holds too many without a login. */
export class ConnectionBounds {
  readonly #most: number
  readonly #ofSource = new Map<string, number>()
  readonly #strangers = new WeakMap<Socket, Stranger>()

  constructor(most = mostOfStrangers) {
    this.#most = most
  }

  /** `turnAway`: what becomes of a connection that is one too many; default: it is told so in HTTP. */
  attach(server: Server | NetServer, turnAway: (socket: Socket) => void = refuse): void {
    // Node's own listener begins to read; what is refused here is not read at all.
    const serve = server.listeners('connection')
    server.removeAllListeners('connection')
    server.on('connection', (socket: Socket) => {
      if (!this.#strangers.has(socket) && !this.#meet(socket, turnAway)) return turnAway(socket)
      for (const listener of serve) listener.call(server, socket)
    })
  }

  /** What is counted for one socket counts for another one, which is the same connection: encrypted, and as it is read. */
  passOn(from: Socket, to: Socket): void {
    const stranger = this.#strangers.get(from)
    if (stranger) this.#strangers.set(to, stranger)
  }

  /** Somebody has logged in on the connection of this request: it is counted no more. */
  trust({ socket }: IncomingMessage): void {
    this.#strangers.get(socket)?.leave()
  }

  /**
   * For each request before anything is done for it. `isKnown`: its login was valid lately. On a connection beyond the bound `identify` is asked else, and whom it does not know is
   * served no further. Throws too_many_connections.
   */
  async letIn(request: IncomingMessage, isKnown: boolean, identify: () => Promise<unknown>): Promise<void> {
    if (!isKnown && this.#strangers.get(request.socket)?.isBeyond !== true) return
    if (!isKnown) await identify().catch(() => this.refuseBeyond(request))
    this.trust(request)
  }

  /** For a request of nobody. Throws too_many_connections. */
  refuseBeyond({ socket }: IncomingMessage): void {
    if (this.#strangers.get(socket)?.isBeyond === true) throw tooManyConnections()
  }

  /** Counts the connection; false when it is one too many. */
  #meet(socket: Socket, turnAway: (socket: Socket) => void): boolean {
    const source = sourceOf(socket.remoteAddress)
    const open = this.#ofSource.get(source) ?? 0
    if (open >= this.#most * greatestCrowd) return false
    this.#ofSource.set(source, open + 1)
    const late = open < this.#most ? undefined : setTimeout(() => turnAwayLate(socket, turnAway), momentMs).unref()
    const stranger: Stranger = {
      isBeyond: late !== undefined,
      leave: () => {
        if (stranger.isGone) return
        stranger.isGone = true
        stranger.isBeyond = false
        clearTimeout(late)
        const left = (this.#ofSource.get(source) ?? 1) - 1
        if (left === 0) this.#ofSource.delete(source)
        else this.#ofSource.set(source, left)
      },
    }
    this.#strangers.set(socket, stranger)
    socket.once('close', stranger.leave)
    return true
  }
}

/** A connection on which nobody has logged in. */
interface Stranger {
  isBeyond: boolean
  isGone?: boolean
  leave(): void
}

/** An answer that has begun cannot be another one. */
const turnAwayLate = (socket: Socket, turnAway: (socket: Socket) => void) =>
  socket.bytesWritten > 0 ? socket.destroy() : turnAway(socket)

function refuse(socket: Socket): void {
  socket.on('error', () => socket.destroy())
  answerRaw(socket, tooManyConnections())
  setTimeout(() => socket.destroy(), lingerMs).unref()
}
