import type { Duplex } from 'node:stream'
import type { Client } from '@ramet/client/client-shape.ts'
import { RametError } from '@ramet/model/errors/error.ts'
import { createWebSocketStream, WebSocket } from 'ws'

interface Open {
  readonly url: string
  readonly cookie: string
}

/** A tunnel into one machine: opened at the first connection, and once more when the server has forgotten it, as after its restart. */
export class Tunnel {
  readonly #client: Pick<Client, 'ports'>
  readonly #runId: string
  readonly #machine: string
  readonly #user: string | undefined
  #open: Promise<Open> | undefined

  /** `user`: as whom a port of the machine is listened on; default: the machine's default user. */
  constructor(client: Pick<Client, 'ports'>, runId: string, machine: string, user?: string) {
    this.#client = client
    this.#user = user
    this.#runId = runId
    this.#machine = machine
  }

  /** A TCP connection to a port of the machine. Throws a RametError. */
  async connect(port: number): Promise<Duplex> {
    return createWebSocketStream(await this.#reach(`:${port}`, () => closedPort(port)))
  }

  /** Has the machine listen on a port. The websocket tells of each connection, which `claim` takes, and ends the listener with itself. Throws a RametError. */
  listen(host: string, port: number): Promise<WebSocket> {
    return this.#reach(`listen:${host}:${port}`, () => cannotListenInside(port))
  }

  /** A connection that came to the listener. */
  async claim(connection: string): Promise<Duplex> {
    return createWebSocketStream(await this.#reach(`connect:${connection}`, () => goneConnection()))
  }

  async #reach(address: string, refused: () => RametError): Promise<WebSocket> {
    try {
      return await dial(await this.#opened(), address, refused)
    } catch (error) {
      if (!(error instanceof Forgotten)) throw error
      this.#open = undefined
      return dial(await this.#opened(), address, refused)
    }
  }

  #opened(): Promise<Open> {
    this.#open ??= this.#client.ports.openTunnel(this.#runId, this.#machine, this.#user).catch((error: unknown) => {
      this.#open = undefined
      throw error
    })
    return this.#open
  }
}

class Forgotten extends RametError {}

const closedPort = (port: number) =>
  new RametError('port_closed', 502, `Port ${port} of the machine cannot be reached.`, {
    hint: 'See that something listens there: ss -ltn',
  })

const cannotListenInside = (port: number) =>
  new RametError('cannot_listen_there', 409, `The machine cannot listen on its port ${port}.`, {
    hint: 'Another program of the machine may have it: choose one with --remote-port.',
  })

const goneConnection = () => new RametError('not_found', 404, 'A connection of the machine had gone before it was taken.')

function dial({ url, cookie }: Open, address: string, refused: () => RametError): Promise<WebSocket> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/tunnels/${btoa(address)}`, {
    headers: { cookie },
    perMessageDeflate: false,
  })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(socket))
    socket.once('unexpected-response', (_request, { statusCode = 0 }) => {
      reject(statusCode === 404 ? new Forgotten('tunnel_lost', 404, 'The server has no such tunnel any more.') : refused())
      socket.terminate()
    })
    socket.once('error', (cause) =>
      reject(new RametError('connection_lost', 503, `The server cannot be reached: ${cause.message}`, { cause })),
    )
  })
}
