import { isIP } from 'node:net'

/** Where passkeys are good: what a browser calls the relying party (WebAuthn 3, 5.1.2), and the one origin that may ask for it. */
export type PasskeyPlace = { readonly rpId: string; readonly origin: string } | { readonly whyNot: string }

/** `origin`: of the server as the browser knows it. */
export function passkeyPlace(origin: string): PasskeyPlace {
  const { protocol, hostname } = new URL(origin)
  const isLocal = hostname === 'localhost' || hostname.endsWith('.localhost')
  if (isIP(hostname.replace(/^\[|\]$/g, '')) !== 0)
    return {
      whyNot:
        hostname === '127.0.0.1' || hostname === '[::1]'
          ? 'Browsers keep passkeys for names, not for addresses: open this page at http://localhost instead.'
          : 'Browsers keep passkeys for names, not for addresses: open this server by a name, with https.',
    }
  if (protocol !== 'https:' && !isLocal)
    return { whyNot: 'Browsers use passkeys by https alone: open this server by its https address.' }
  return { rpId: hostname, origin }
}
