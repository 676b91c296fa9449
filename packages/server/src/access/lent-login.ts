import type { IncomingHttpHeaders } from 'node:http'
import type { WebSocket } from 'ws'
import type { User } from '../services.ts'
import type { Gate } from './gate.ts'
import type { Purpose } from './origin.ts'

/** The login of whoever asked for a URL that stands for it: what the URL opens is open for as long as that login is. */
export class LentLogin {
  readonly #gate: Pick<Gate, 'identify' | 'watch' | 'meet'>
  readonly #headers: IncomingHttpHeaders

  /** `headers`: of the request for the URL, which was admitted. */
  constructor(gate: Pick<Gate, 'identify' | 'watch' | 'meet'>, headers: IncomingHttpHeaders) {
    this.#gate = gate
    this.#headers = headers
  }

  /** Throws `not_authenticated` once the login has ended. */
  user(): Promise<User> {
    return this.#gate.identify(this.#headers)
  }

  /** Meets a request that comes with the URL as one of the login: it is counted as little. */
  meet(address: string | undefined): boolean {
    return this.#gate.meet(this.#headers, address)
  }

  /** Closes the websocket when the login ends. */
  bind(socket: WebSocket): void {
    endWithLogin(socket, this.#gate, this.#headers, 'change')
  }
}

/** Closes the websocket when the login of `headers` ends, whatever it was opened by. */
export function endWithLogin(socket: WebSocket, gate: Pick<Gate, 'watch'>, headers: IncomingHttpHeaders, purpose: Purpose): void {
  const unwatch = gate.watch(headers, purpose, () => socket.close(1008, 'not_authenticated'))
  socket.once('close', unwatch)
}
