import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Me } from '@ramet/model/api/host.ts'
import type { Auth, User } from '../services.ts'
import type { TokenRecord, TokenStore } from '../store/tokens.ts'

export const sessionDays = 30

export interface AuthOptions {
  /** Whoever opens the printed login link. */
  readonly owner: User
  readonly now?: () => Date
}

/** Tokens are 32 random bytes, so the store may keep a plain SHA-256 of them; slow hashes are for passwords. */
const newToken = () => randomBytes(32).toString('base64url')
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
const isSame = (a: string, b: string) => timingSafeEqual(Buffer.from(a, 'hex'), Buffer.from(b, 'hex'))

export class TokenAuth implements Auth {
  /** Login token of this start of the server. Browsers trade it for a session, any number of times. */
  readonly loginToken = newToken()
  readonly #loginHash = sha256(this.loginToken)
  readonly #store: TokenStore
  readonly #owner: User
  readonly #now: () => Date

  constructor(store: TokenStore, options: AuthOptions) {
    this.#store = store
    this.#owner = options.owner
    this.#now = options.now ?? (() => new Date())
  }

  async userOf(token: string): Promise<User | undefined> {
    return (await this.#valid(token))?.user
  }

  async openSession(loginToken: string): Promise<{ token: string; user: User } | undefined> {
    if (!isSame(sha256(loginToken), this.#loginHash)) return undefined
    await this.#store.removeExpired(this.#now())
    const expiresAt = new Date(this.#now().getTime() + sessionDays * 24 * 3600 * 1000)
    const token = await this.#issue(this.#owner, 'session', 'browser', expiresAt)
    return { token, user: this.#owner }
  }

  /** Ends a browser's session. API tokens are not ended by a logout. */
  async closeSession(token: string): Promise<void> {
    const record = await this.#valid(token)
    if (record?.kind === 'session') await this.#store.remove(record.id)
  }

  /** Makes a token for the CLI or another program. Its text is returned only here. */
  issueApiToken(user: User, name: string): Promise<string> {
    return this.#issue(user, 'cli', name, undefined)
  }

  me(user: User): Me {
    return { id: user.id, name: user.name, githubProfileId: '' }
  }

  async #valid(token: string): Promise<TokenRecord | undefined> {
    const hash = sha256(token)
    const record = await this.#store.find(hash)
    if (!record || !isSame(record.hash, hash)) return undefined
    return record.expiresAt === undefined || record.expiresAt > this.#now() ? record : undefined
  }

  async #issue(user: User, kind: TokenRecord['kind'], name: string, expiresAt: Date | undefined): Promise<string> {
    const token = newToken()
    const id = randomBytes(12).toString('hex')
    await this.#store.add({ id, user, kind, name, hash: sha256(token), createdAt: this.#now(), expiresAt })
    return token
  }
}
