import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { forbiddenOrigin } from '@ramet/model/errors/errors.ts'

export type Purpose = 'read' | 'change' | 'websocket'

/** Host names (lower case, IPv6 in brackets) under which a browser may reach this server. */
export interface OwnNames {
  has(hostname: string): boolean
}

/**
 * Allows localhost, any address, the host of `endpoint` and configured names. DNS rebinding makes a browser send its cookies to us for a name of the
 * attacker, so other names are refused. A literal address cannot be rebound.
 */
export function ownNames(endpoint: string, configured: readonly string[]): OwnNames {
  const names = new Set(['localhost', new URL(endpoint).hostname, ...configured.map((name) => name.toLowerCase())])
  return { has: (hostname) => names.has(hostname) || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 }
}

/**
 * Checks a request with ambient credentials: it must name this server, and if it changes something (or opens a websocket, which no
 * same-origin policy guards) it must come from this server's pages. Throws forbidden_origin.
 */
export function checkOrigin(headers: IncomingHttpHeaders, purpose: Purpose, own: OwnNames): void {
  const host = URL.parse(`http://${headers.host ?? ''}`)
  if (!host || !own.has(host.hostname)) throw forbiddenOrigin(`http://${headers.host ?? ''}`)
  if (purpose === 'read') return
  const { origin } = headers
  if (origin !== undefined) {
    const from = URL.parse(origin)
    // The default port may be written or not: `Host: lab:80` and `Origin: http://lab` are the same.
    if (from && URL.parse(`${from.protocol}//${headers.host}`)?.host === from.host && /^https?:$/.test(from.protocol)) return
    throw forbiddenOrigin(origin)
  }
  if (headers['sec-fetch-site'] !== 'same-origin') throw forbiddenOrigin('that does not say where it is from')
}

/** True when a browser sent the request; programs set none of these headers. */
export const isFromBrowser = (headers: IncomingHttpHeaders): boolean =>
  headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
