import { createPrivateKey, randomBytes, X509Certificate } from 'node:crypto'
import { isIP } from 'node:net'
import { join } from 'node:path'
import { createSecureContext, type SecureContext } from 'node:tls'
import type { Identity } from './certificate.ts'
import { readIdentity, writeIdentity } from './identity-file.ts'
import type { CertificateNames } from './names.ts'

export interface LocalAuthorityOptions {
  readonly home: string
  readonly installation: string
  readonly names: () => CertificateNames
  readonly now?: () => Date
}

/** A certificate is made anew when less than this is left of it. */
const renewBeforeMs = 30 * 24 * 3600 * 1000
/** No certificate is to outlive its authority. */
const authorityLeftMs = 400 * 24 * 3600 * 1000
/** Names of published ports that have a certificate of their own; the one that was made first is forgotten first. */
const mostHosts = 500

/**
 * The certificate authority of an installation and the certificate that it gave its server, in `secrets/`; both are made at first, and again before they end or when the server has
 * new names. The library that makes certificates is loaded only then: no other start pays for it.
 */
export class LocalAuthority {
  readonly #options: LocalAuthorityOptions
  readonly #hosts = new Map<string, Promise<SecureContext>>()
  #authority: Identity
  #server: Identity

  private constructor(options: LocalAuthorityOptions, authority: Identity, server: Identity) {
    this.#options = options
    this.#authority = authority
    this.#server = server
  }

  static async open(options: LocalAuthorityOptions): Promise<LocalAuthority> {
    const { authority, server } = await ensure(options)
    return new LocalAuthority(options, authority, server)
  }

  /** PEM: what clients are told to trust. */
  get certificate(): string {
    return this.#authority.certificate
  }

  get identity(): Identity {
    return this.#server
  }

  /** Makes anew what ends soon. True when the server's certificate is another one now. */
  async renew(): Promise<boolean> {
    const before = this.#server.certificate
    const { authority, server } = await ensure(this.#options)
    this.#authority = authority
    this.#server = server
    if (server.certificate === before) return false
    this.#hosts.clear()
    return true
  }

  /** For a name right below localhost, which browsers do not take `*.localhost` for (as they would not take `*.com`): a certificate of its own, with the server's key. */
  async contextFor(host: string): Promise<SecureContext> {
    const kept = this.#hosts.get(host)
    if (kept) return kept
    for (const oldest of this.#hosts.keys()) {
      if (this.#hosts.size < mostHosts) break
      this.#hosts.delete(oldest)
    }
    const made = this.#makeContext(host)
    this.#hosts.set(host, made)
    made.catch(() => this.#hosts.delete(host))
    return made
  }

  async #makeContext(host: string): Promise<SecureContext> {
    const { makeServerIdentity } = await import('./certificate.ts')
    const { key, certificate: cert } = makeServerIdentity(signer(this.#authority), [host], {
      key: this.#server.key,
    })
    return createSecureContext({ key, cert })
  }
}

/** An authority's subject is the issuer of what it signs. */
const signer = ({ key, certificate }: Identity) => ({
  title: new X509Certificate(certificate).subject.replace(/^CN=/, ''),
  key,
})

async function ensure(options: LocalAuthorityOptions): Promise<{ authority: Identity; server: Identity }> {
  const now = options.now?.() ?? new Date()
  const names = options.names()
  const file = (name: string) => join(options.home, 'secrets', name)
  const [kept, keptServer] = await Promise.all([readIdentity(file('tls-authority.pem')), readIdentity(file('tls-server.pem'))])
  if (kept && keptServer && isGood(keptServer, kept, names, now)) return { authority: kept, server: keptServer }

  const [{ makeAuthority, makeServerIdentity }, { permittedOf }] = await Promise.all([
    import('./certificate.ts'),
    import('./permitted-names.ts'),
  ])
  const mayStay = (authority: Identity): boolean => {
    const permitted = permittedOf(authority.certificate)
    return isKeyOf(authority) && lastsFor(authority, now, authorityLeftMs) && names.permitted.every((name) => permitted.has(name))
  }
  let authority = kept
  if (!authority || !mayStay(authority)) {
    // Clients tell authorities apart by name and key: two keys under one name are taken for an attack.
    authority = makeAuthority(`Ramet ${options.installation} ${randomBytes(3).toString('hex')}`, names.permitted, now)
    await writeIdentity(file('tls-authority.pem'), authority)
  }
  const server = makeServerIdentity(signer(authority), names.own, { now })
  await writeIdentity(file('tls-server.pem'), server)
  return { authority, server }
}

function isGood(server: Identity, authority: Identity, names: CertificateNames, now: Date): boolean {
  const certificate = new X509Certificate(server.certificate)
  const issuer = new X509Certificate(authority.certificate)
  return (
    isKeyOf(server) &&
    isKeyOf(authority) &&
    certificate.verify(issuer.publicKey) &&
    lastsFor(server, now, renewBeforeMs) &&
    lastsFor(authority, now, renewBeforeMs) &&
    names.own.every((name) => covers(certificate, name))
  )
}

function isKeyOf({ key, certificate }: Identity): boolean {
  try {
    return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key))
  } catch {
    return false
  }
}

/** `Jan  2 03:04:05 2027 GMT`, as OpenSSL writes it, is a date to V8 as well. */
const lastsFor = ({ certificate }: Identity, now: Date, ms: number): boolean =>
  Date.parse(new X509Certificate(certificate).validTo) - now.getTime() > ms

function covers({ subjectAltName = '' }: X509Certificate, name: string): boolean {
  const listed = subjectAltName.split(', ')
  if (isIP(name) === 0) return listed.includes(`DNS:${name}`)
  return listed.some((each) => each.startsWith('IP Address:') && sameAddress(each.slice('IP Address:'.length), name))
}

/** OpenSSL writes IPv6 addresses out, in capitals: the parser of URLs knows one form of each. */
const sameAddress = (a: string, b: string): boolean => addressForm(a) === addressForm(b)
const addressForm = (address: string): string =>
  (isIP(address) === 6 ? URL.parse(`http://[${address}]`)?.hostname : address) ?? address
