import type { IncomingHttpHeaders } from 'node:http'
import { isIP } from 'node:net'
import { forbiddenOrigin } from '@ramet/model/errors/errors.ts'

export type Purpose = 'read' | 'change' | 'websocket'

/** Host names (lower case, IPv6 in brackets) under which a browser may reach this server. */
export interface OwnNames {
  has(hostname: string): boolean
}

/**
 * localhost, any address, the host of `endpoint` and configured names. DNS rebinding makes a browser send its cookies to us for a name of the
 * attacker's, so other names are refused; what is written as an address cannot be rebound, whichever of the host's addresses it is.
 */
export function ownNames(endpoint: string, configured: readonly string[]): OwnNames {
  const names = new Set(['localhost', new URL(endpoint).hostname, ...configured.map((name) => name.toLowerCase())])
  return { has: (hostname) => names.has(hostname) || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0 }
}

/**
 * For credentials that browsers add by themselves: the request must name this server, and what changes something (and every websocket, which no
 * same-origin policy guards) must come from its own pages. Throws forbidden_origin.
 */
export function checkOrigin(headers: IncomingHttpHeaders, purpose: Purpose, own: OwnNames): void {
  const host = URL.parse(`http://${headers.host ?? ''}`)
  if (!host || !own.has(host.hostname)) throw forbiddenOrigin(`http://${headers.host ?? ''}`)
  if (purpose === 'read') return
  const { origin } = headers
  if (origin !== undefined) {
    const from = URL.parse(origin)
    // Compared with the default port spelled out or not: `Host: lab:80` and `Origin: http://lab` are the same place.
    if (from && URL.parse(`${from.protocol}//${headers.host}`)?.host === from.host && /^https?:$/.test(from.protocol)) return
    throw forbiddenOrigin(origin)
  }
  if (headers['sec-fetch-site'] !== 'same-origin') throw forbiddenOrigin('that does not say where it is from')
}

/** True when a browser sent it; programs set none of these. */
export const isFromBrowser = (headers: IncomingHttpHeaders): boolean =>
  headers.origin !== undefined || headers['sec-fetch-site'] !== undefined
