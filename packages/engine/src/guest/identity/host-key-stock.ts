import { type HostKey, hostKeyTypes, makeHostKeys } from './host-keys.ts'

/** One for each machine of the largest run. */
const wanted = 5
/** Keys are made slowly and late, so that neither a starting server nor the run that just took keys lacks a core. */
const fillAfterMs = 5_000

/**
 * Makes host keys ahead, in memory only: an RSA key takes 300 to 600 ms (measured), a third of a warm start. Each set is used once. One server
 * has one stock.
 */
export class HostKeyStock {
  readonly #sets: (readonly HostKey[])[] = []
  readonly #timer = setTimeout(() => void this.#fill(), fillAfterMs).unref()

  /** Takes a set with a key of every type, if there is one. */
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
