import { type HostKey, hostKeyTypes, makeHostKeys } from './host-keys.ts'

/** One for each machine of the largest run. */
const wanted = 5
/** Filled slowly and late: neither a server that begins nor the run that just took from it is kept from a core. */
const fillAfterMs = 5_000

/**
 * Host keys made ahead, in memory only: an RSA key takes 300 to 600 ms (measured), which were a third of a warm start. Each set is given out once. One server
 * has one.
 */
export class HostKeyStock {
  readonly #sets: (readonly HostKey[])[] = []
  readonly #timer = setTimeout(() => void this.#fill(), fillAfterMs).unref()

  /** A set of every type, when there is one. */
  take(): readonly HostKey[] | undefined {
    this.#timer.refresh()
    return this.#sets.pop()
  }

  async #fill(): Promise<void> {
    if (this.#sets.length >= wanted) return
    this.#sets.push(await makeHostKeys(hostKeyTypes))
    this.#timer.refresh()
  }
}
