import { providerUnreachable, signInRefused } from '@ramet/model/errors/sign-in-errors.ts'
import * as client from 'openid-client'

/** Seconds that a provider has for an answer. */
const patience = 10

/** A provider on this computer is asked by http; others by https alone. */
const isLocal = ({ protocol, hostname }: URL) => protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(hostname)

/** For a configuration that is made of metadata rather than found. */
export function settle(config: client.Configuration, at: URL): client.Configuration {
  config.timeout = patience
  if (isLocal(at)) client.allowInsecureRequests(config)
  return config
}

export const discover = (issuer: URL, clientId: string, secret: string): Promise<client.Configuration> =>
  client.discovery(issuer, clientId, secret, undefined, {
    timeout: patience,
    // The signature of an ID token is checked although it comes from the provider itself.
    execute: [client.enableNonRepudiationChecks, ...(isLocal(issuer) ? [client.allowInsecureRequests] : [])],
  })

/** Whatever is wrong with an answer is the same to the browser; `said` is told to the server's log. */
export async function refusing<T>(label: string, said: (error: unknown) => void, asking: () => Promise<T>): Promise<T> {
  try {
    return await asking()
  } catch (error) {
    said(error)
    const code = (error as { readonly code?: unknown }).code
    if (code === 'OAUTH_TIMEOUT' || error instanceof TypeError) throw providerUnreachable(label)
    throw signInRefused(label)
  }
}
