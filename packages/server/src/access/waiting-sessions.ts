import { randomBytes } from 'node:crypto'
import { tooManyPending } from '@ramet/model/errors/errors.ts'
import type { WaitingSession } from '../services.ts'
import { isSameHash, newToken, sha256 } from './token-hash.ts'

/** labctl asks for ten minutes whether it was let in. */
export const waitingMinutes = 10
/** Strangers may ask, so what they leave behind is bounded: all together, and of one address. */
const mostWaiting = 200
const mostOfSource = 20

interface Waiting extends WaitingSession {
  readonly id: string
  /** SHA-256 of the token, hex. */
  readonly hash: string
}

/** Programs that asked to be let in and wait for somebody to do so. In memory alone: after a new start of the server they ask again. */
export class WaitingSessions {
  /** By id; oldest first. */
  readonly #waiting = new Map<string, Waiting>()
  readonly #now: () => Date

  constructor(now: () => Date = () => new Date()) {
    this.#now = now
  }

  /** `from`: the address that asks. Throws `too_many_pending_sessions`. */
  begin(from: string): { readonly id: string; readonly token: string } {
    this.#forgetOld()
    const ofSource = [...this.#waiting.values()].filter((each) => each.from === from).length
    if (this.#waiting.size >= mostWaiting || ofSource >= mostOfSource) throw tooManyPending()
    const [id, token] = [randomBytes(12).toString('hex'), newToken()]
    this.#waiting.set(id, { id, hash: sha256(token), from, createdAt: this.#now() })
    return { id, token }
  }

  find(id: string): Waiting | undefined {
    this.#forgetOld()
    return this.#waiting.get(id)
  }

  has(id: string, token: string): boolean {
    const waiting = this.find(id)
    return waiting !== undefined && isSameHash(waiting.hash, sha256(token))
  }

  /** Returns it to one caller alone. */
  take(id: string): Waiting | undefined {
    const waiting = this.find(id)
    this.#waiting.delete(id)
    return waiting
  }

  #forgetOld(): void {
    const oldest = this.#now().getTime() - waitingMinutes * 60_000
    for (const [id, { createdAt }] of this.#waiting) if (createdAt.getTime() < oldest) this.#waiting.delete(id)
  }
}
