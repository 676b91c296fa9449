import { createHash, randomBytes } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { exportJWK, generateKeyPair, SignJWT } from 'jose'

/** Whom a provider vouches for. */
export interface TestPerson {
  readonly subject: string
  readonly name: string
  readonly email?: string
  readonly isVerified?: boolean
  /** On GitHub. */
  readonly organisations?: readonly string[]
}

/** What of an ID token is not as it should be. */
export type Tampered = 'nonce' | 'audience' | 'issuer' | 'signature' | 'expired' | 'no-token'

interface Grant {
  readonly person: TestPerson
  readonly challenge: string | null
  readonly nonce: string | null
  readonly redirectUri: string | null
}

export const testClient = { id: 'ramet', secret: 'a secret of the client' } as const

/**
 * A provider on loopback, for tests: OpenID Connect by the code flow with PKCE, and what of GitHub a sign-in needs. It signs with keys of its own, checks the client, its secret, the address to come back
 * to and the verifier, and spoils its tokens when it is told to. Whoever comes is `person`; a browser is asked first.
 */
export class TestIdentityProvider implements AsyncDisposable {
  person: TestPerson
  tampered: Tampered | undefined
  /** Requests for tokens that were refused. */
  readonly refused: string[] = []
  readonly #server = createServer((request, response) => void this.#answer(request, response).catch(() => response.destroy()))
  readonly #codes = new Map<string, Grant>()
  readonly #tokens = new Map<string, TestPerson>()
  readonly #keys = generateKeyPair('RS256')
  readonly #strangers = generateKeyPair('RS256')

  constructor(person: TestPerson) {
    this.person = person
  }

  get issuer(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async listen(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.issuer)
    const json = (body: unknown, status = 200) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    switch (url.pathname) {
      case '/.well-known/openid-configuration':
        return void json({
          issuer: this.issuer,
          authorization_endpoint: `${this.issuer}/authorize`,
          token_endpoint: `${this.issuer}/token`,
          userinfo_endpoint: `${this.issuer}/userinfo`,
          jwks_uri: `${this.issuer}/keys`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
          code_challenge_methods_supported: ['S256'],
        })
      case '/keys':
        return void json({ keys: [{ ...(await exportJWK((await this.#keys).publicKey)), kid: 'one', alg: 'RS256', use: 'sig' }] })
      case '/authorize':
      case '/login/oauth/authorize':
        return void this.#authorize(url, response)
      case '/token':
      case '/login/oauth/access_token':
        return void json(...(await this.#redeem(request, url.pathname === '/token')))
      default:
        return void json(...this.#ofPerson(url.pathname, request.headers.authorization ?? ''))
    }
  }

  /** Shows whom it takes the browser for; a link leads back. */
  #authorize({ searchParams: asked }: URL, response: ServerResponse): void {
    const back = URL.parse(asked.get('redirect_uri') ?? '')
    if (!back || asked.get('client_id') !== testClient.id || asked.get('response_type') !== 'code')
      return void response.writeHead(400).end('not a client')
    const code = randomBytes(16).toString('hex')
    const { person } = this
    this.#codes.set(code, {
      person,
      challenge: asked.get('code_challenge_method') === 'S256' ? asked.get('code_challenge') : null,
      nonce: asked.get('nonce'),
      redirectUri: asked.get('redirect_uri'),
    })
    back.searchParams.set('code', code)
    back.searchParams.set('state', asked.get('state') ?? '')
    const link = back.href.replaceAll('&', '&amp;')
    response.writeHead(200, { 'content-type': 'text/html' }).end(`<a href="${link}">Go on as ${person.name}</a>`)
  }

  async #redeem(request: IncomingMessage, isOidc: boolean): Promise<[unknown, number]> {
    const form = new URLSearchParams(await text(request))
    const basic = Buffer.from((request.headers.authorization ?? '').replace(/^Basic /, ''), 'base64').toString()
    const [id, secret] = basic === '' ? [form.get('client_id'), form.get('client_secret')] : basic.split(':').map(fromForm)
    const refuse = (error: string): [unknown, number] => {
      this.refused.push(error)
      return [{ error }, 400]
    }
    if (id !== testClient.id || secret !== testClient.secret) return refuse('invalid_client')
    const code = form.get('code') ?? ''
    const grant = this.#codes.get(code)
    this.#codes.delete(code)
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url')
    if (!grant || grant.redirectUri !== form.get('redirect_uri') || grant.challenge !== challenge) return refuse('invalid_grant')
    const token = randomBytes(16).toString('hex')
    this.#tokens.set(token, grant.person)
    const isWhole = isOidc && this.tampered !== 'no-token'
    return [
      { access_token: token, token_type: 'bearer', scope: '', ...(isWhole ? { id_token: await this.#idToken(grant) } : {}) },
      200,
    ]
  }

  async #idToken({ person, nonce }: Grant): Promise<string> {
    const { tampered } = this
    const keys = await (tampered === 'signature' ? this.#strangers : this.#keys)
    const claims = {
      ...(nonce === null ? {} : { nonce: tampered === 'nonce' ? 'another' : nonce }),
      preferred_username: person.name,
    }
    return new SignJWT(claims)
      .setProtectedHeader({ alg: 'RS256', kid: 'one' })
      .setIssuer(tampered === 'issuer' ? 'https://elsewhere.example' : this.issuer)
      .setAudience(tampered === 'audience' ? 'another-client' : testClient.id)
      .setSubject(person.subject)
      .setIssuedAt(inMinutes(tampered === 'expired' ? -120 : 0))
      .setExpirationTime(inMinutes(tampered === 'expired' ? -60 : 5))
      .sign(keys.privateKey)
  }

  #ofPerson(path: string, authorization: string): [unknown, number] {
    const person = this.#tokens.get(authorization.replace(/^Bearer /i, ''))
    if (!person) return [{ message: 'Bad credentials' }, 401]
    if (path === '/userinfo')
      return [{ sub: person.subject, email: person.email, email_verified: person.isVerified ?? true }, 200]
    if (path === '/api/v3/user') return [{ id: Number(person.subject), login: person.name }, 200]
    const organisation = /^\/api\/v3\/user\/memberships\/orgs\/([\w-]+)$/.exec(path)?.[1]
    if (organisation !== undefined && person.organisations?.includes(organisation)) return [{ state: 'active' }, 200]
    return [{ message: 'Not Found' }, 404]
  }
}

const inMinutes = (minutes: number) => new Date(Date.now() + minutes * 60_000)

/** RFC 6749, 2.3.1: both halves of Basic are encoded as in forms. */
const fromForm = (part: string) => new URLSearchParams(`x=${part}`).get('x')
