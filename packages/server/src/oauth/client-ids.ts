import { createHmac, timingSafeEqual } from 'node:crypto'
import { type RegisteredAgent, registerAgentSchema } from '@ramet/model/api/oauth.ts'
import { OAuthFault } from './oauth-fault.ts'

/** Makes and reads the ids of programs that register themselves (RFC 7591). */
export interface ClientIds {
  /** Throws `invalid_redirect_uri`. */
  make(agent: RegisteredAgent): string
  /** Undefined for what this server did not make. */
  read(id: string): RegisteredAgent | undefined
}

/**
 * An id is what was registered, signed by this server: nothing is stored, so that anybody may register as often as he likes, and what was registered is known after a new start of the server
 * (RFC 7591, A.5.2). It opens nothing; whoever is let in by it is asked about each time.
 */
export function clientIds(key: Buffer): ClientIds {
  const sign = (text: string) => createHmac('sha256', key).update(`oauth client ${text}`).digest()
  return {
    make({ name, redirectUris }) {
      for (const uri of redirectUris) if (!isRedirect(uri)) throw wrongRedirect(uri)
      const text = Buffer.from(JSON.stringify([name, redirectUris])).toString('base64url')
      return `${text}.${sign(text).toString('base64url')}`
    },
    read(id) {
      const [text = '', signature = ''] = id.split('.')
      const given = Buffer.from(signature, 'base64url')
      const right = sign(text)
      if (given.length !== right.length || !timingSafeEqual(given, right)) return undefined
      const [client_name, redirect_uris] = JSON.parse(Buffer.from(text, 'base64url').toString()) as [string, string[]]
      const { data } = registerAgentSchema.safeParse({ client_name, redirect_uris })
      return data && { name: data.client_name, redirectUris: data.redirect_uris }
    },
  }
}

const wrongRedirect = (uri: string) =>
  new OAuthFault(
    'invalid_redirect_uri',
    `${JSON.stringify(uri.slice(0, 200))} is no address that a code may be sent to: https, or http on this computer (127.0.0.1, [::1], localhost), without a fragment or a name in it.`,
  )

const loopback = ['127.0.0.1', '[::1]', 'localhost']

/** True for an address on the computer of the browser. */
export const isLoopback = (uri: string): boolean => loopback.includes(URL.parse(uri)?.hostname ?? '')

/** https, or http to the computer of the browser. Nothing that is shown otherwise than it is read. */
export function isRedirect(uri: string): boolean {
  const url = URL.parse(uri)
  if (!url || !/^[!-~]+$/.test(uri) || uri.includes('#') || url.username !== '' || url.password !== '') return false
  return url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(uri))
}
