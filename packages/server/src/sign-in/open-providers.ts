import { readFile } from 'node:fs/promises'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { Logger } from 'pino'
import type { Provider } from './provider.ts'
import type { SignInSettings } from './sign-in-settings.ts'

async function readSecret(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw invalidInput(`The secret of a sign-in cannot be read: ${file} (${error.code}).`, file)
  })
  if (text.trim() === '') throw invalidInput(`The secret of a sign-in is empty: ${file}.`, file)
  return text.trim()
}

/** Those who say who people are, by the settings. Nothing is asked of them until somebody signs in; a server without them does not load what they need. */
export async function openProviders({ oidc, github }: SignInSettings, log: Pick<Logger, 'warn'>): Promise<Provider[]> {
  const said = (provider: string) => (error: unknown) => log.warn({ err: error, provider }, 'a sign-in was refused')
  const providers: Provider[] = []
  if (oidc) {
    const { oidcProvider } = await import('./oidc.ts')
    const { issuer, clientId, label, welcome, secretFile } = oidc
    const secret = await readSecret(secretFile)
    providers.push(oidcProvider({ issuer, clientId, secret, label, domains: welcome }, said('oidc')))
  }
  if (github) {
    const { githubProvider } = await import('./github.ts')
    const { url, clientId, welcome, secretFile } = github
    const secret = await readSecret(secretFile)
    providers.push(githubProvider({ url, clientId, secret, organisations: welcome }, said('github')))
  }
  return providers
}
