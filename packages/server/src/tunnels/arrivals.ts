import { randomUUID } from 'node:crypto'
import type { Duplex } from 'node:stream'
import { notFound } from '@ramet/model/errors/errors.ts'
import type { Arrival } from '../ssh/forwarder.ts'

/** As wsmux: a client that has not claimed a connection by then does not want it. */
const claimWithinMs = 15_000

/** Connections that came to listeners in machines and wait for a websocket of their own. */
export class Arrivals {
  readonly #waiting = new Map<string, { readonly of: object; readonly arrival: Arrival; readonly late: NodeJS.Timeout }>()
  readonly #claimWithinMs: number

  constructor(withinMs = claimWithinMs) {
    this.#claimWithinMs = withinMs
  }

  /** Returns the name by which it is claimed. `of`: the tunnel that it belongs to. */
  add(of: object, arrival: Arrival): string {
    const name = randomUUID()
    const late = setTimeout(() => {
      this.#waiting.delete(name)
      arrival.drop()
    }, this.#claimWithinMs).unref()
    this.#waiting.set(name, { of, arrival, late })
    return name
  }

  /** Throws `not_found` for one that is not there, was claimed, or is another tunnel's. */
  claim(of: object, name: string): Promise<Duplex> {
    const found = this.#waiting.get(name)
    if (found?.of !== of) throw notFound('connection', name, 'It was claimed already, or waited for longer than 15 s.')
    clearTimeout(found.late)
    this.#waiting.delete(name)
    return found.arrival.take()
  }
}
