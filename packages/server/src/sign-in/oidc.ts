import * as client from 'openid-client'
import { discover, refusing } from './ask-provider.ts'
import type { Provider } from './provider.ts'

export interface OidcSettings {
  readonly issuer: URL
  readonly clientId: string
  readonly secret: string
  readonly label: string
  /** Whoever has a verified address of one of these domains may have an account; empty: the invited alone. */
  readonly domains: readonly string[]
}

/** Any issuer of OpenID Connect (Core 1.0, 3.1: the code flow), with PKCE. State, nonce, issuer, audience, times and signature are checked by the library. */
export function oidcProvider(
  { issuer, clientId, secret, label, domains }: OidcSettings,
  said: (error: unknown) => void,
): Provider {
  let found: Promise<client.Configuration> | undefined
  /** Asked when it is needed, and again when that failed: the server starts without its provider. */
  const configuration = () => {
    found ??= discover(issuer, clientId, secret).catch((error: unknown) => {
      found = undefined
      throw error
    })
    return found
  }

  const emailOf = async (config: client.Configuration, token: string, claims: client.IDToken) => {
    if (domains.length === 0 || claims.email !== undefined || !config.serverMetadata().userinfo_endpoint) return claims
    return client.fetchUserInfo(config, token, claims.sub)
  }

  return {
    id: 'oidc',
    label,
    begin: ({ state, nonce, verifier, redirectUri }) =>
      refusing(label, said, async () =>
        client.buildAuthorizationUrl(await configuration(), {
          redirect_uri: redirectUri,
          scope: 'openid profile email',
          state,
          nonce,
          code_challenge: await client.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        }),
      ),
    finish: (query, { state, nonce, verifier, redirectUri }) =>
      refusing(label, said, async () => {
        const config = await configuration()
        const tokens = await client.authorizationCodeGrant(config, new URL(query, redirectUri), {
          expectedState: state,
          expectedNonce: nonce,
          pkceCodeVerifier: verifier,
          idTokenExpected: true,
        })
        const claims = tokens.claims()
        if (!claims) throw new Error('no ID token')
        const { email, email_verified } = await emailOf(config, tokens.access_token, claims)
        const name = [claims.preferred_username, email, claims.sub].find((each) => typeof each === 'string' && each !== '')
        return {
          provider: 'oidc',
          issuer: claims.iss,
          subject: claims.sub,
          name: String(name).slice(0, 200),
          isWelcome: email_verified === true && domains.includes(domainOf(email)),
        }
      }),
  }
}

const domainOf = (email: unknown): string => (typeof email === 'string' ? (email.split('@').at(-1) ?? '').toLowerCase() : '')
