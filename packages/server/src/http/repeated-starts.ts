import { createHash, randomUUID } from 'node:crypto'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { StartKey } from '../runs/start-key.ts'
import type { User } from '../services.ts'

/** labctl sends a request again within ten seconds when its connection broke, or a proxy answered in our place. */
const lostForMs = 60_000
const mostLost = 1000
const longestKey = 255

interface Sent {
  readonly name: string
  readonly at: number
  /** The connection ended before the answer was sent. */
  isLost: boolean
}

/**
 * Finds out whether a start is asked for again. A client that gives an Idempotency-Key says so itself. labctl does not: of a request without one, the same body counts as the same
 * request when the connection of the first ended before its answer was sent. Two that are under way side by side are two.
 */
export class RepeatedStarts {
  /** The last request without a key, by user and body. */
  readonly #sent = new Map<string, Sent>()

  /** Throws `invalid_input`. */
  keyOf(user: User, request: FastifyRequest, reply: FastifyReply): StartKey {
    const body = digest(JSON.stringify(request.body))
    const given = request.headers['idempotency-key']
    if (given !== undefined) {
      if (typeof given !== 'string' || given === '' || given.length > longestKey)
        throw invalidInput(`An Idempotency-Key has 1 to ${longestKey} characters.`, 'Idempotency-Key')
      return { key: digest(`given ${given}`), body }
    }
    const place = `${user.id} ${body}`
    const before = this.#sent.get(place)
    const now = Date.now()
    const name = before?.isLost && now - before.at < lostForMs ? before.name : randomUUID()
    const sent: Sent = { name, at: now, isLost: false }
    this.#forget(now)
    this.#sent.delete(place)
    this.#sent.set(place, sent)
    // An answer that is written after its connection ended finishes too.
    reply.raw.once('close', () => {
      sent.isLost = !reply.raw.writableFinished
      if (!sent.isLost && this.#sent.get(place) === sent) this.#sent.delete(place)
    })
    return { key: digest(`sent ${name}`), body }
  }

  #forget(now: number): void {
    for (const [place, { at }] of this.#sent) {
      if (now - at < lostForMs && this.#sent.size < mostLost) break
      this.#sent.delete(place)
    }
  }
}

const digest = (text: string) => createHash('sha256').update(text).digest('hex')
