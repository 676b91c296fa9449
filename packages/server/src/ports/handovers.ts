import { randomBytes } from 'node:crypto'
import { sha256 } from '../access/token-hash.ts'
import type { PortPass } from './port-cookie.ts'

/** Long enough for a redirect over a slow line. */
const lifeMs = 60_000
const mostOpen = 1000

/** One-time tickets by which a login at the server's own page becomes a pass at a port's host. In memory alone, as hashes. */
export class Handovers {
  readonly #open = new Map<string, PortPass & { readonly endsAt: number }>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  make(pass: PortPass): string {
    for (const [hash, { endsAt }] of this.#open) {
      if (endsAt > this.#now() && this.#open.size < mostOpen) break
      this.#open.delete(hash)
    }
    const ticket = randomBytes(32).toString('base64url')
    this.#open.set(sha256(ticket), { ...pass, endsAt: this.#now() + lifeMs })
    return ticket
  }

  /** Uses a ticket up; undefined when it was used, is too old, or was made for another port. */
  take(ticket: string, portId: string): PortPass | undefined {
    const hash = sha256(ticket)
    const found = this.#open.get(hash)
    this.#open.delete(hash)
    return found && found.endsAt > this.#now() && found.portId === portId ? found : undefined
  }
}
