import type { IncomingHttpHeaders } from 'node:http'
import type { WebSocket } from 'ws'
import type { User } from '../services.ts'
import type { Gate } from './gate.ts'

/** The login of whoever asked for a URL that stands for it: what the URL opens is open for as long as that login is. */
export class LentLogin {
  readonly #gate: Pick<Gate, 'identify' | 'watch'>
  readonly #headers: IncomingHttpHeaders

  /** `headers`: of the request for the URL, which was admitted. */
  constructor(gate: Pick<Gate, 'identify' | 'watch'>, headers: IncomingHttpHeaders) {
    this.#gate = gate
    this.#headers = headers
  }

  /** Throws `not_authenticated` once the login has ended. */
  user(): Promise<User> {
    return this.#gate.identify(this.#headers)
  }

  /** Closes the websocket when the login ends. */
  bind(socket: WebSocket): void {
    const unwatch = this.#gate.watch(this.#headers, 'change', () => socket.close(1008, 'not_authenticated'))
    socket.once('close', unwatch)
  }
}
