import { randomBytes } from 'node:crypto'
import type { SignIn } from '@ramet/model/api/users.ts'
import { wrongPassword } from '@ramet/model/errors/account-errors.ts'
import type { Entry } from '../audit/entry.ts'
import type { Auth, User } from '../services.ts'
import type { TokenRecord, TokenStore } from '../store/tokens.ts'
import { FailedSignIns } from './failed-sign-ins.ts'
import { type LoginLink, LoginLinks } from './login-links.ts'
import { isPassword } from './passwords.ts'
import { isSameHash, newToken, sha256 } from './token-hash.ts'

export const sessionDays = 30
/** A login is fresh for so long: for what would outlive a session. */
const freshMinutes = 10

export interface AuthOptions {
  /** Uses up an invitation (SHA-256 of its token) and returns whom it lets in. Default: there are none. */
  readonly takeInvitation?: (hash: string) => Promise<User | undefined>
  /** Whoever may sign in by this name, and what is kept of his password. Default: nobody. */
  readonly findByName?: (name: string) => Promise<{ user: User; password: string | null } | undefined>
  readonly now?: () => Date
}

export class TokenAuth implements Auth {
  readonly #links: LoginLinks
  readonly #store: TokenStore
  readonly #now: () => Date
  readonly #takeInvitation: NonNullable<AuthOptions['takeInvitation']>
  readonly #findByName: NonNullable<AuthOptions['findByName']>
  readonly #failures = new FailedSignIns()

  constructor(store: TokenStore, options: AuthOptions = {}) {
    this.#store = store
    this.#takeInvitation = options.takeInvitation ?? (async () => undefined)
    this.#findByName = options.findByName ?? (async () => undefined)
    this.#now = options.now ?? (() => new Date())
    this.#links = new LoginLinks(this.#now)
  }

  async userOf(token: string): Promise<User | undefined> {
    return userOfRecord(besidesAgents(await this.find(token)))
  }

  async userAtAgents(token: string): Promise<User | undefined> {
    return userOfRecord(await this.find(token))
  }

  async userOfHash(hash: string): Promise<User | undefined> {
    return userOfRecord(besidesAgents(await this.#findHash(hash)))
  }

  async openSession(linkToken: string): Promise<{ token: string; user: User } | undefined> {
    const user = this.#links.take(linkToken) ?? (await this.#takeInvitation(sha256(linkToken)))
    return user && this.openSessionFor(user)
  }

  async signIn({ name, password }: SignIn, address: string | undefined, entry?: Entry): Promise<{ token: string; user: User }> {
    this.#failures.check(name, address)
    const found = await this.#findByName(name)
    // What is nobody's name may be a password in the wrong field.
    if (found) entry?.about({ subject: found.user.name, aboutId: found.user.id })
    if (!(await isPassword(password, found?.password ?? undefined)) || !found) {
      this.#failures.failed(name, address)
      throw wrongPassword()
    }
    this.#failures.succeeded(name, address)
    return this.openSessionFor(found.user)
  }

  /** For somebody who has proved just now who he is. */
  async openSessionFor(user: User): Promise<{ token: string; user: User }> {
    await this.#store.removeExpired(this.#now())
    const expiresAt = new Date(this.#now().getTime() + sessionDays * 24 * 3600 * 1000)
    const token = await this.#issue(user, 'session', 'browser', expiresAt)
    return { token, user }
  }

  /** Makes a link for whoever started the server, or whoever an API token belongs to. */
  makeLink(user: User): LoginLink {
    return this.#links.make(user)
  }

  /** Sessions cannot make links: a stolen one would never end. */
  async makeLinkFor(apiToken: string): Promise<LoginLink | undefined> {
    const record = await this.find(apiToken)
    return record?.kind === 'cli' && record.scopes === undefined ? this.#links.make(record.user) : undefined
  }

  async isFresh(token: string): Promise<boolean> {
    const record = await this.find(token)
    if (!record || record.agent) return false
    const oldest = this.#now().getTime() - freshMinutes * 60_000
    return record.kind === 'cli' || (record.loggedInAt !== undefined && record.loggedInAt.getTime() > oldest)
  }

  /** Ends a browser's session. API tokens are not ended by a logout. */
  async closeSession(token: string): Promise<void> {
    const record = await this.find(token)
    if (record?.kind === 'session') await this.#store.remove(record.id)
  }

  /** Ends all sessions of a user and closes the open links. Returns how many sessions there were. */
  closeSessionsOf(user: User): Promise<number> {
    this.#links.closeAllOf(user)
    return this.#store.removeSessionsOf(user.id)
  }

  /** Makes a token for the CLI or another program. Its text is returned only here. */
  issueApiToken(user: User, name: string): Promise<string> {
    return this.#issue(user, 'cli', name, undefined)
  }

  /** The record of a token that is valid. */
  find(token: string): Promise<TokenRecord | undefined> {
    return this.#findHash(sha256(token))
  }

  async #findHash(hash: string): Promise<TokenRecord | undefined> {
    const record = await this.#store.find(hash)
    if (!record || !isSameHash(record.hash, hash)) return undefined
    const until = record.agent?.freshUntil ?? record.expiresAt
    return until === undefined || until > this.#now() ? record : undefined
  }

  async #issue(user: User, kind: TokenRecord['kind'], name: string, expiresAt: Date | undefined): Promise<string> {
    const token = newToken()
    const id = randomBytes(12).toString('hex')
    const createdAt = this.#now()
    const login = kind === 'session' ? { loggedInAt: createdAt } : {}
    await this.#store.add({ id, user, kind, name, hash: sha256(token), createdAt, expiresAt, ...login })
    return token
  }
}

/** What was given for /mcp is good nowhere else (RFC 8707). */
const besidesAgents = (record: TokenRecord | undefined) => (record?.agent ? undefined : record)

const userOfRecord = (record: TokenRecord | undefined): User | undefined =>
  record && { ...record.user, via: record.name, ...(record.scopes === undefined ? {} : { scopes: record.scopes }) }
