import { randomBytes } from 'node:crypto'

/** Lifetime of a URL. labctl dials ten times, five seconds apart, and its only credential is the URL. */
const ticketMs = 120_000
const maxTickets = 1000

/** URLs of websockets for clients that send no credentials there: each stands for what was permitted when it was handed out. */
export class Tickets<T> {
  readonly #issued = new Map<string, { readonly what: T; readonly expiresAt: number }>()

  /** The oldest goes when there are too many. */
  issue(what: T): string {
    const now = Date.now()
    for (const [name, { expiresAt }] of this.#issued) {
      if (expiresAt > now && this.#issued.size < maxTickets) break
      this.#issued.delete(name)
    }
    const name = randomBytes(24).toString('base64url')
    this.#issued.set(name, { what, expiresAt: now + ticketMs })
    return name
  }

  find(name: string): T | undefined {
    const ticket = this.#issued.get(name)
    return ticket && ticket.expiresAt > Date.now() ? ticket.what : undefined
  }
}
