import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'

/** True when the client of a request speaks https: with this server, or with a proxy before it that has the server's public name. */
export type IsSecure = (request: IncomingMessage) => boolean

/** `endpoint`: the server's address for people. What a proxy says of the client (X-Forwarded-Proto) is not asked: anybody can say it. */
export function secureRequests(endpoint: string): IsSecure {
  const { protocol, host } = new URL(endpoint)
  return ({ socket, headers }) =>
    (socket as Partial<TLSSocket>).encrypted === true ||
    (protocol === 'https:' && URL.parse(`https://${headers.host ?? ''}`)?.host === host)
}
