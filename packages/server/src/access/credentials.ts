import type { IncomingHttpHeaders } from 'node:http'
import { readCookie, secureCookieName } from './cookie.ts'

export interface Credentials {
  readonly token: string
  /**
   * `deliberate`: a program sent it. `ambient`: a browser adds it to requests of any page (cookies; Basic from a URL's user part),
   * so the origin of the request must be checked.
   */
  readonly kind: 'deliberate' | 'ambient'
}

/**
 * `Authorization: Bearer TOKEN`, Basic with the token as password (labctl sends `session:token`), or the session cookie.
 * With any other Authorization header there are no credentials, whatever the cookie says.
 */
export function credentialsOf(headers: IncomingHttpHeaders, cookieName: string): Credentials | undefined {
  const { authorization } = headers
  if (authorization !== undefined) {
    const [scheme = '', value = ''] = authorization.split(/ +(.*)/)
    if (/^bearer$/i.test(scheme) && value !== '') return { token: value, kind: 'deliberate' }
    if (/^basic$/i.test(scheme)) {
      const decoded = Buffer.from(value, 'base64').toString()
      const colon = decoded.indexOf(':')
      if (colon >= 0 && colon < decoded.length - 1) return { token: decoded.slice(colon + 1), kind: 'ambient' }
    }
    return undefined
  }
  const cookies = headers.cookie ?? ''
  const cookie = readCookie(cookies, secureCookieName(cookieName)) ?? readCookie(cookies, cookieName)
  return cookie ? { token: cookie, kind: 'ambient' } : undefined
}
