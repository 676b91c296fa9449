import { createServer, type Server, type Socket } from 'node:net'
import { sourceOf } from '../access/source-budget.ts'
import { listenOn } from '../http/listen.ts'
import { type SshOptions, serveSsh } from './serve-connection.ts'

export interface GatewayOptions extends Omit<SshOptions, 'admitted' | 'keepaliveMs'> {
  /** How long somebody may take to prove who he is. */
  readonly loginMs?: number
}

/** Connections of one source on which nobody has proved who he is. ssh starts a hundred at once in some scripts. */
const mostStrangers = 100

/** The one port by which plain `ssh`, `scp`, `sftp`, `rsync` and editors reach all machines: `ssh -p PORT RUN+MACHINE@HOST`. */
export class SshGateway implements AsyncDisposable {
  readonly #server: Server
  readonly #open = new Set<Socket>()
  readonly #strangers = new Map<string, number>()

  constructor({ loginMs = 30_000, ...tools }: GatewayOptions) {
    this.#server = createServer((socket) => {
      socket.setNoDelay(true)
      socket.setKeepAlive(true, 60_000)
      socket.on('error', () => socket.destroy())
      const leave = this.#meet(sourceOf(socket.remoteAddress))
      if (!leave) return socket.destroy()
      this.#open.add(socket)
      const late = setTimeout(() => socket.destroy(), loginMs)
      const met = () => {
        clearTimeout(late)
        leave()
      }
      socket.once('close', () => {
        met()
        this.#open.delete(socket)
      })
      serveSsh(socket, { ...tools, address: socket.remoteAddress, keepaliveMs: 30_000, admitted: met })
    })
  }

  /** Returns the port. Throws port_taken or cannot_listen. */
  listen(host: string, port: number): Promise<number> {
    return listenOn(this.#server, host, port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const socket of this.#open) socket.destroy()
    await closed
  }

  /** Counts somebody of whom nothing is known yet. Returns what ends that; undefined when there are too many. */
  #meet(source: string): (() => void) | undefined {
    const count = this.#strangers.get(source) ?? 0
    if (count >= mostStrangers) return undefined
    this.#strangers.set(source, count + 1)
    let isMet = false
    return () => {
      if (isMet) return
      isMet = true
      const left = (this.#strangers.get(source) ?? 1) - 1
      if (left === 0) this.#strangers.delete(source)
      else this.#strangers.set(source, left)
    }
  }
}
