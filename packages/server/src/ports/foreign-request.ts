import type { IncomingMessage } from 'node:http'

/**
 * True when a page of another origin makes a browser ask a private port, other than by leading it there: by a form, a script, a picture, a frame or a websocket. The cookie is no help
 * against pages of names beside the port's own, to which browsers send it along (they are the same site).
 */
export function isForeign({ method, headers }: IncomingMessage, origin: string, isUpgrade: boolean): boolean {
  const { origin: from, 'sec-fetch-site': site, 'sec-fetch-mode': mode, 'sec-fetch-dest': dest } = headers
  const leadsThere = !isUpgrade && (method === 'GET' || method === 'HEAD') && mode === 'navigate' && dest === 'document'
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return !leadsThere
  return from !== undefined && from !== origin && !leadsThere
}
