import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { RametError } from '@ramet/model/errors/error.ts'
import type { RegistryAuth } from '@ramet/model/manifest/registry-auth.ts'
import { dockerHub, type ImageReference, printImageReference } from '@ramet/model/units/image-reference.ts'
import { ownAuthorities } from './authorities.ts'
import { parseChallenge } from './challenge.ts'
import { type Credentials, dockerCredentials, type FindCredentials } from './credentials.ts'
import { type RegistryLimits, registryLimits } from './limits.ts'
import { BodyFault, wholeBody } from './read-body.ts'
import { imageCorrupt, notInRegistry, registryDenied, registryFailed } from './registry-errors.ts'
import { ask, isLoopback } from './request.ts'

export interface RegistryOptions {
  readonly limits?: RegistryLimits
  /** Of this host's own logins. */
  readonly credentials?: FindCredentials
  /** Takes their place at its own host. It is used only where nothing is given to strangers: a registry that asks for none does not see it. */
  readonly registryAuth?: RegistryAuth | undefined
  readonly authorities?: (host: string) => Promise<readonly string[]>
  readonly signal?: AbortSignal | undefined
}

export interface FoundManifest {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Buffer
}

export const manifestTypes = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
]

/** One repository of a registry (OCI distribution specification 1.1, "Pull"). Asks without credentials first, and as the registry then demands. */
export class Registry {
  readonly reference: ImageReference
  readonly limits: RegistryLimits
  /** Undefined until a registry on this machine has shown whether it speaks TLS. */
  #base: URL | undefined
  readonly #secure: URL
  readonly #options: Required<Pick<RegistryOptions, 'credentials' | 'authorities'>> & { readonly signal: AbortSignal | undefined }
  #authorization: string | undefined
  readonly #playgroundAuth: Credentials | undefined
  /** No token is given to strangers, or it opened nothing. */
  #isStrangerRefused = false
  /** The last one. */
  #challenge: string | undefined
  #credentials: Promise<Credentials | undefined> | undefined

  constructor(
    reference: ImageReference,
    {
      limits = registryLimits,
      credentials = dockerCredentials,
      authorities = ownAuthorities,
      registryAuth,
      signal,
    }: RegistryOptions = {},
  ) {
    this.reference = reference
    this.limits = limits
    this.#options = { credentials, authorities, signal }
    this.#playgroundAuth = registryAuth?.host === reference.host ? registryAuth : undefined
    const host = reference.host === dockerHub ? 'registry-1.docker.io' : reference.host
    this.#secure = new URL(`https://${host}`)
    if (!isLoopback(this.#secure)) this.#base = this.#secure
  }

  get host(): string {
    return this.reference.host
  }

  /** By tag or digest, its own digest checked. Throws `image_not_found`, `registry_denied`, `image_corrupt`, `registry_unreachable`, `registry_failed`. */
  async manifest(name: string): Promise<FoundManifest> {
    const what = `the manifest of ${printImageReference(this.reference)}`
    const answer = await this.get(`manifests/${name}`, what, { accept: manifestTypes.join(', ') })
    const bytes = await this.#whole(answer, this.limits.manifestBytes, what)
    const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    if (name.startsWith('sha256:') && digest !== name) throw imageCorrupt(this.host, what, `it is ${digest} and not ${name}.`)
    return { digest, mediaType: (answer.headers['content-type'] ?? '').split(';')[0]?.trim() ?? '', bytes }
  }

  /** A small blob as a whole: an image's configuration. */
  async smallBlob(digest: string, what: string): Promise<Buffer> {
    const bytes = await this.#whole(await this.get(`blobs/${digest}`, what), this.limits.manifestBytes, what)
    const found = `sha256:${createHash('sha256').update(bytes).digest('hex')}`
    if (found !== digest) throw imageCorrupt(this.host, what, `it is ${found} and not ${digest}.`)
    return bytes
  }

  /** The answer 200 or 206 to a GET below the repository; its body is the caller's to read. */
  async get(path: string, what: string, headers: Readonly<Record<string, string>> = {}): Promise<IncomingMessage> {
    for (let tries = 1; ; tries++) {
      const sent = { ...headers, ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }) }
      const base = this.#base ?? (await this.#findBase(what))
      this.#base = base
      const answer = await this.#ask(new URL(`/v2/${this.reference.repository}/${path}`, base), what, sent)
      const status = answer.statusCode ?? 0
      if (status === 200 || status === 206) return answer
      answer.destroy()
      const challenge = answer.headers['www-authenticate'] ?? this.#challenge
      this.#challenge = challenge
      // What a stranger's token opens nothing of is refused in several ways, some of which say that it does not exist.
      const wasStranger = this.#playgroundAuth !== undefined && !this.#isStrangerRefused && challenge !== undefined
      if ((status === 401 && tries === 1) || (wasStranger && [401, 403, 404].includes(status))) {
        if (tries > 1 || status !== 401) this.#isStrangerRefused = true
        this.#authorization = await this.#authorize(challenge ?? '', what)
        continue
      }
      if (status === 401 || status === 403) throw await this.#denied(what)
      if (status === 404) throw notInRegistry(this.host, what.replace(/^the /, ''))
      throw registryFailed(this.host, what, status === 429 ? 'it has been asked too often (429).' : `it answers ${status}.`)
    }
  }

  /** The Authorization header that it wants: a name and password, or a token for them (distribution's "Token Authentication Specification"). */
  async #authorize(header: string, what: string): Promise<string> {
    const challenge = parseChallenge(header)
    const credentials = await this.#findCredentials()
    const basic = credentials && `Basic ${Buffer.from(`${credentials.user}:${credentials.password}`).toString('base64')}`
    const asStranger = this.#playgroundAuth !== undefined && !this.#isStrangerRefused
    if (!challenge) throw registryFailed(this.host, what, 'it asks for a login of a kind that is not known here.')
    if (challenge.scheme === 'basic') {
      if (basic === undefined) throw await this.#denied(what)
      this.#isStrangerRefused = true
      return basic
    }
    const { realm = '', service, scope = `repository:${this.reference.repository}:pull` } = challenge.parameters
    if (!URL.canParse(realm) || !/^https?:$/.test(new URL(realm).protocol))
      throw registryFailed(this.host, what, 'it names no place that gives tokens.')
    const url = new URL(realm)
    if (isLoopback(url) && !isLoopback(this.#secure))
      throw registryFailed(this.host, what, `it asks for a token of ${url.host}, which is this machine.`)
    if (service !== undefined) url.searchParams.set('service', service)
    url.searchParams.set('scope', scope)
    const tokenOf = `a token for ${printImageReference(this.reference)}`
    let answer = await this.#ask(url, tokenOf, basic === undefined || asStranger ? {} : { authorization: basic })
    if (answer.statusCode !== 200 && basic !== undefined && asStranger) {
      this.#isStrangerRefused = true
      answer.destroy()
      answer = await this.#ask(url, tokenOf, { authorization: basic })
    }
    if (answer.statusCode !== 200) {
      answer.destroy()
      throw await this.#denied(what)
    }
    const bytes = await this.#whole(answer, 1024 ** 2, tokenOf)
    const token = tokenIn(bytes)
    if (token === undefined) throw registryFailed(this.host, what, `${url.host} gives no token.`)
    return `Bearer ${token}`
  }

  /** TLS, or plain HTTP where a registry on this machine does not know what a TLS handshake is. */
  async #findBase(what: string): Promise<URL> {
    try {
      const answer = await this.#ask(new URL('/v2/', this.#secure), what, {})
      answer.destroy()
      return this.#secure
    } catch (error) {
      const { code = '', message = '' } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
      if (/^EPROTO$|^ERR_SSL_|^ECONNRESET$/.test(code) || message === 'socket hang up')
        return new URL(`http://${this.#secure.host}`)
      throw error
    }
  }

  #findCredentials(): Promise<Credentials | undefined> {
    this.#credentials ??= this.#playgroundAuth ? Promise.resolve(this.#playgroundAuth) : this.#options.credentials(this.host)
    return this.#credentials
  }

  async #denied(what: string): Promise<RametError> {
    const asked = this.#playgroundAuth ? 'playground' : (await this.#findCredentials()) ? 'host' : 'stranger'
    return registryDenied(this.host, what, asked)
  }

  #ask(url: URL, what: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> {
    const { authorities, signal } = this.#options
    return ask({ method: 'GET', url, headers, what, authorities, limits: this.limits, signal })
  }

  async #whole(answer: IncomingMessage, most: number, what: string): Promise<Buffer> {
    try {
      return await wholeBody(answer, most, this.limits)
    } catch (error) {
      this.#options.signal?.throwIfAborted()
      throw error instanceof BodyFault ? registryFailed(this.host, what, `${error.message}.`) : error
    }
  }
}

function tokenIn(bytes: Buffer): string | undefined {
  try {
    const { token, access_token } = JSON.parse(bytes.toString()) as { token?: unknown; access_token?: unknown }
    const found = token ?? access_token
    return typeof found === 'string' && /^[\x21-\x7e]+$/.test(found) ? found : undefined
  } catch {
    return undefined
  }
}
