import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import { createServer, type SecureContext, type TLSSocket, type Server as TlsServer } from 'node:tls'
import type { ConnectionBounds } from '../http/connection-bounds.ts'
import { listenOn } from '../http/listen.ts'
import type { Identity } from './certificate.ts'

export interface HttpsDoorOptions {
  /** Serves what comes in here as if it had come in by its own door. */
  readonly server: Server
  readonly bounds: Pick<ConnectionBounds, 'attach' | 'passOn'>
  readonly identity: Identity
  /** The certificate for a name that a client asks for; undefined: the server's own. */
  contextFor(host: string): Promise<SecureContext | undefined>
}

/** How long a client may take to agree on keys. */
const handshakeMs = 10_000

/**
 * Https beside http: connections are decrypted and handed to the one HTTP server, so that its bounds, routes and websockets are the same by both doors. HTTP/1.1 alone, since labctl
 * loses the body of a repeated request over HTTP/2.
 */
export class HttpsDoor implements AsyncDisposable {
  readonly #server: TlsServer
  readonly #open = new Set<Socket>()
  /** By the client's address and port, until keys are agreed on. */
  readonly #greeted = new Map<string, Socket>()

  constructor({ server, bounds, identity, contextFor }: HttpsDoorOptions) {
    this.#server = createServer({
      ...contextOf(identity),
      ALPNProtocols: ['http/1.1'],
      minVersion: 'TLSv1.2',
      handshakeTimeout: handshakeMs,
      SNICallback: (host, done) =>
        void contextFor(host).then(
          (context) => done(null, context),
          (error: Error) => done(error),
        ),
    })
    this.#server.on('connection', (raw: Socket) => {
      const name = nameOf(raw)
      this.#open.add(raw)
      this.#greeted.set(name, raw)
      raw.on('error', () => raw.destroy())
      raw.once('close', () => {
        this.#open.delete(raw)
        if (this.#greeted.get(name) === raw) this.#greeted.delete(name)
      })
    })
    this.#server.on('secureConnection', (secure: TLSSocket) => {
      const raw = this.#greeted.get(nameOf(secure))
      if (raw) bounds.passOn(raw, secure)
      this.#greeted.delete(nameOf(secure))
      server.emit('connection', secure)
    })
    // Whoever speaks no TLS, or wants none of ours.
    this.#server.on('tlsClientError', (_error, secure) => secure.destroy())
    bounds.attach(this.#server, (raw) => raw.destroy())
  }

  /** Returns the port. Throws port_taken or cannot_listen. */
  listen(host: string, port: number): Promise<number> {
    return listenOn(this.#server, host, port)
  }

  /** For connections from now on. */
  use(identity: Identity): void {
    this.#server.setSecureContext(contextOf(identity))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()))
    for (const raw of this.#open) raw.destroy()
    await closed
  }
}

const contextOf = ({ certificate, key }: Identity) => ({ cert: certificate, key, minVersion: 'TLSv1.2' as const })

const nameOf = ({ remoteAddress, remotePort }: Socket): string => `${remoteAddress} ${remotePort}`
