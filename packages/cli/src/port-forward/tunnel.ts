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
  #open: Promise<Open> | undefined

  constructor(client: Pick<Client, 'ports'>, runId: string, machine: string) {
    this.#client = client
    this.#runId = runId
    this.#machine = machine
  }

  /** A TCP connection to a port of the machine. Throws a RametError. */
  async connect(port: number): Promise<Duplex> {
    try {
      return await dial(await this.#opened(), port)
    } catch (error) {
      if (!(error instanceof Forgotten)) throw error
      this.#open = undefined
      return dial(await this.#opened(), port)
    }
  }

  #opened(): Promise<Open> {
    this.#open ??= this.#client.ports.openTunnel(this.#runId, this.#machine).catch((error: unknown) => {
      this.#open = undefined
      throw error
    })
    return this.#open
  }
}

class Forgotten extends RametError {}

function dial({ url, cookie }: Open, port: number): Promise<Duplex> {
  const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/tunnels/${btoa(`:${port}`)}`, {
    headers: { cookie },
    perMessageDeflate: false,
  })
  return new Promise((resolve, reject) => {
    socket.once('open', () => resolve(createWebSocketStream(socket)))
    socket.once('unexpected-response', (_request, { statusCode = 0 }) => {
      reject(
        statusCode === 404
          ? new Forgotten('tunnel_lost', 404, 'The server has no such tunnel any more.')
          : new RametError('port_closed', statusCode, `Port ${port} of the machine cannot be reached (${statusCode}).`, {
              hint: 'See that something listens there: ss -ltn',
            }),
      )
      socket.terminate()
    })
    socket.once('error', (cause) =>
      reject(new RametError('connection_lost', 503, `The server cannot be reached: ${cause.message}`, { cause })),
    )
  })
}
