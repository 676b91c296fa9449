import { networkInterfaces } from 'node:os'
import type { TlsInfo } from '@ramet/model/api/tls.ts'
import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { App } from '../http/app.ts'
import { GivenCertificate } from '../tls/given-certificate.ts'
import { HttpsDoor } from '../tls/https-door.ts'
import { LocalAuthority } from '../tls/local-authority.ts'
import { certificateNames } from '../tls/names.ts'

export interface OpenHttpsOptions {
  readonly config: Pick<Config, 'home' | 'host' | 'httpsPort' | 'tlsFiles' | 'publicUrl' | 'names' | 'portsDomain'>
  readonly installation: string
  readonly app: Pick<App, 'app' | 'bounds'>
  readonly log: Logger
}

const lookAgainMs = 12 * 3600_000

/** Opens the port for https, unless it is off. `opened` closes it. Throws port_taken, cannot_listen or bad_tls_files. */
export async function openHttps(
  { config, installation, app, log }: OpenHttpsOptions,
  opened: AsyncDisposableStack,
): Promise<TlsInfo> {
  const { home, host, httpsPort, tlsFiles, portsDomain } = config
  const publicUrl = config.publicUrl ?? null
  if (httpsPort === undefined) return { port: null, authority: null, publicUrl, portsDomain }
  const shared = { server: app.app.server, bounds: app.bounds }
  if (tlsFiles) {
    const given = opened.use(
      await GivenCertificate.open(tlsFiles, {
        changed(identity) {
          door.use(identity)
          log.info({ files: tlsFiles }, 'the certificate has changed')
        },
        failed: (error) => log.error({ err: error }, 'the certificate has changed and cannot be used; the one of before goes on'),
      }),
    )
    const door = opened.use(new HttpsDoor({ ...shared, identity: given.identity, contextFor: async () => undefined }))
    return { port: await door.listen(host, httpsPort), authority: null, publicUrl, portsDomain }
  }
  const authority = await LocalAuthority.open({
    home,
    installation,
    names: () => certificateNames({ ...config, addresses: ownAddresses() }),
  })
  const isBelowLocalhost = (name: string) => /^[a-z0-9-]{1,63}\.localhost$/.test(name)
  const door = opened.use(
    new HttpsDoor({
      ...shared,
      identity: authority.identity,
      contextFor: async (name) => (isBelowLocalhost(name) ? authority.contextFor(name) : undefined),
    }),
  )
  const renewal = setInterval(() => {
    authority.renew().then(
      (isNew) => isNew && door.use(authority.identity),
      (error: unknown) => log.error({ err: error }, 'the certificate for https could not be renewed'),
    )
  }, lookAgainMs).unref()
  opened.defer(() => clearInterval(renewal))
  return { port: await door.listen(host, httpsPort), authority: authority.certificate, publicUrl, portsDomain }
}

/** Of this host. Link-local addresses of IPv6 need a zone, which no URL has. */
const ownAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((found) => found ?? [])
    .map(({ address }) => address)
    .filter((address) => !/^fe80:/i.test(address))
