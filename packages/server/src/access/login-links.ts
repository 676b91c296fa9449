import { randomBytes } from 'node:crypto'
import type { User } from '../services.ts'
import { sha256 } from './token-hash.ts'

/** How long a link may be used. Long enough to copy it to another machine, too short for a log to be worth reading. */
export const loginLinkMinutes = 10

/** Links of one user that are open at once; a further one closes the oldest. */
const openAtOnce = 10

export interface LoginLink {
  /** Its text is returned only here. */
  readonly token: string
  readonly expiresAt: Date
}

/**
 * Login links: each logs one browser in, once, within ten minutes. They are in memory alone, as hashes, and so end with the server: nothing that is
 * written down, by us or by whoever keeps our output, opens a door later.
 */
export class LoginLinks {
  /** By hash; in the order in which they expire. */
  readonly #open = new Map<string, { readonly user: User; readonly expiresAt: Date }>()
  readonly #now: () => Date

  constructor(now: () => Date) {
    this.#now = now
  }

  make(user: User): LoginLink {
    this.#forgetExpired()
    const own = [...this.#open].filter(([, link]) => link.user.id === user.id)
    for (const [hash] of own.slice(0, Math.max(0, own.length - openAtOnce + 1))) this.#open.delete(hash)
    const token = randomBytes(32).toString('base64url')
    const expiresAt = new Date(this.#now().getTime() + loginLinkMinutes * 60_000)
    this.#open.set(sha256(token), { user, expiresAt })
    return { token, expiresAt }
  }

  /** Uses a link up and returns whom it logs in; undefined when it was used, has expired, or never was. */
  take(token: string): User | undefined {
    this.#forgetExpired()
    const hash = sha256(token)
    const link = this.#open.get(hash)
    this.#open.delete(hash)
    return link?.user
  }

  closeAllOf({ id }: User): void {
    for (const [hash, { user }] of this.#open) if (user.id === id) this.#open.delete(hash)
  }

  #forgetExpired(): void {
    const now = this.#now()
    for (const [hash, { expiresAt }] of this.#open) if (expiresAt <= now) this.#open.delete(hash)
  }
}
