import * as client from 'openid-client'
import { z } from 'zod'
import { refusing, settle } from './ask-provider.ts'
import type { Provider } from './provider.ts'

export interface GithubSettings {
  readonly clientId: string
  readonly secret: string
  /** Members of one of these may have an account; empty: the invited alone. */
  readonly organisations: readonly string[]
  /** `https://github.com`, or a server of one's own. */
  readonly url: URL
}

const userSchema = z.object({ id: z.int(), login: z.string().min(1).max(100) })
const membershipSchema = z.object({ state: z.string() })

/** GitHub speaks OAuth and no OpenID Connect: who came is asked of its API. The number stays with an account; its name may pass to somebody else. */
export function githubProvider(
  { clientId, secret, organisations, url }: GithubSettings,
  said: (error: unknown) => void,
): Provider {
  const label = 'GitHub'
  const issuer = url.origin
  // docs.github.com: a server of one's own has its API below /api/v3.
  const api = url.hostname === 'github.com' ? 'https://api.github.com' : `${url.origin}/api/v3`
  const config = settle(
    new client.Configuration(
      {
        issuer,
        authorization_endpoint: `${issuer}/login/oauth/authorize`,
        token_endpoint: `${issuer}/login/oauth/access_token`,
      },
      clientId,
      secret,
    ),
    url,
  )
  const headers = () => new Headers({ accept: 'application/vnd.github+json', 'user-agent': 'ramet' })
  const ask = (token: string, path: string) =>
    client.fetchProtectedResource(config, token, new URL(api + path), 'GET', undefined, headers())

  const isMember = async (token: string, organisation: string) => {
    const answer = await ask(token, `/user/memberships/orgs/${encodeURIComponent(organisation)}`)
    if (!answer.ok) return false
    return membershipSchema.parse(await answer.json()).state === 'active'
  }

  return {
    id: 'github',
    label,
    begin: ({ state, verifier, redirectUri }) =>
      refusing(label, said, async () =>
        client.buildAuthorizationUrl(config, {
          redirect_uri: redirectUri,
          ...(organisations.length === 0 ? {} : { scope: 'read:org' }),
          state,
          code_challenge: await client.calculatePKCECodeChallenge(verifier),
          code_challenge_method: 'S256',
        }),
      ),
    finish: (query, { state, verifier, redirectUri }) =>
      refusing(label, said, async () => {
        const tokens = await client.authorizationCodeGrant(config, new URL(query, redirectUri), {
          expectedState: state,
          pkceCodeVerifier: verifier,
        })
        const answer = await ask(tokens.access_token, '/user')
        if (!answer.ok) throw new Error(`GitHub answered ${answer.status}`)
        const { id, login } = userSchema.parse(await answer.json())
        let isWelcome = false
        for (const organisation of organisations) isWelcome ||= await isMember(tokens.access_token, organisation)
        return { provider: 'github', issuer, subject: String(id), name: login, isWelcome }
      }),
  }
}
