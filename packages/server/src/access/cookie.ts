/** Finds the value of a cookie in a Cookie header (RFC 6265, 5.4). Ours are base64url and never quoted. */
export function readCookie(header: string, name: string): string | undefined {
  for (const pair of header.split(';')) {
    const equals = pair.indexOf('=')
    if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim()
  }
  return undefined
}

/** Builds a Set-Cookie header for a cookie that scripts cannot read and other sites' requests do not carry. `maxAgeSeconds` 0 removes the cookie. */
export function setCookie(name: string, value: string, maxAgeSeconds: number, isHttps: boolean): string {
  return `${name}=${value}; Max-Age=${maxAgeSeconds}; Path=/; HttpOnly; SameSite=Strict${isHttps ? '; Secure' : ''}`
}

/**
 * The name of a cookie where it is set by https. Browsers take `__Host-` only from the host itself and only by https (RFC 6265bis, 4.1.3.2): neither a page of a name
 * below ours nor somebody on the path of a plain request puts another one in its place.
 */
export const secureCookieName = (name: string): string => `__Host-${name}`
