import { resolve } from 'node:path'
import { invalidInput } from '@ramet/model/errors/errors.ts'

/** Flags of sign-in by others; `--oidc-issuer` is also RAMET_OIDC_ISSUER, and so on. */
export const signInFlags = {
  'oidc-issuer': { type: 'string' },
  'oidc-client-id': { type: 'string' },
  'oidc-client-secret-file': { type: 'string' },
  'oidc-name': { type: 'string' },
  'oidc-domains': { type: 'string' },
  'github-client-id': { type: 'string' },
  'github-client-secret-file': { type: 'string' },
  'github-organisations': { type: 'string' },
  'github-url': { type: 'string' },
} as const
type Flag = keyof typeof signInFlags

export interface ProviderSettings {
  readonly clientId: string
  /** Absolute; read at the start. */
  readonly secretFile: string
  /** Domains of addresses, or organisations, whose people may have accounts; lower case. */
  readonly welcome: readonly string[]
}

export interface SignInSettings {
  readonly oidc: (ProviderSettings & { readonly issuer: URL; readonly label: string }) | undefined
  readonly github: (ProviderSettings & { readonly url: URL }) | undefined
}

const variableOf = (flag: Flag) => `RAMET_${flag.toUpperCase().replaceAll('-', '_')}`

/** Flags win over variables. A secret is in a file, so that it is in no list of processes. Throws invalid_input naming the flag. */
export function readSignIn(
  flags: Readonly<Partial<Record<Flag, string | undefined>>>,
  env: Readonly<Record<string, string | undefined>>,
): SignInSettings {
  const find = (flag: Flag): string | undefined => flags[flag] ?? (env[variableOf(flag)] || undefined)
  const where = (flag: Flag) => (flags[flag] === undefined ? variableOf(flag) : `--${flag}`)
  const need = (flag: Flag, what: string): string => {
    const found = find(flag)
    if (found === undefined) throw invalidInput(`${what} needs --${flag} (${variableOf(flag)}) as well.`, `--${flag}`)
    return found
  }
  const words = (flag: Flag) =>
    (find(flag) ?? '')
      .split(',')
      .map((word) => word.trim().toLowerCase())
      .filter((word) => word !== '')
  const address = (flag: Flag, text: string): URL => {
    const url = URL.parse(text)
    const isLocal = url?.protocol === 'http:' && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)
    if (!url || (url.protocol !== 'https:' && !isLocal) || url.username !== '' || url.search !== '' || url.hash !== '')
      throw invalidInput(`${where(flag)} must be an https address, not ${JSON.stringify(text)}.`, where(flag))
    return url
  }
  const issuer = find('oidc-issuer')
  const githubId = find('github-client-id')
  return {
    oidc:
      issuer === undefined
        ? undefined
        : {
            issuer: address('oidc-issuer', issuer),
            label: find('oidc-name') ?? address('oidc-issuer', issuer).hostname,
            clientId: need('oidc-client-id', 'Sign-in by OpenID Connect'),
            secretFile: resolve(need('oidc-client-secret-file', 'Sign-in by OpenID Connect')),
            welcome: words('oidc-domains'),
          },
    github:
      githubId === undefined
        ? undefined
        : {
            url: address('github-url', find('github-url') ?? 'https://github.com'),
            clientId: githubId,
            secretFile: resolve(need('github-client-secret-file', 'Sign-in by GitHub')),
            welcome: words('github-organisations'),
          },
  }
}
