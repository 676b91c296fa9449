import type { Duplex } from 'node:stream'

/** How long the rest may take once one side is closed: what was sent last is still on its way. */
const lingerMs = 30_000

export interface JoinBounds {
  readonly lingerMs?: number
  /** How long one direction may go on when the other has ended; default: as long as the rest may take. */
  readonly halfOpenMs?: number
}

/**
 * Joins two connections. Each direction ends by itself, so that what was sent last arrives; nobody waits long for the other side's end. Resolves when both are closed, and never
 * rejects.
 */
export async function joinSockets(client: Duplex, inside: Duplex, bounds: JoinBounds = {}): Promise<void> {
  const linger = bounds.lingerMs ?? lingerMs
  const { halfOpenMs = linger } = bounds
  let late: NodeJS.Timeout | undefined
  let endsAt = Number.POSITIVE_INFINITY
  const bound = (ms: number) => {
    // What came first may be a longer time, and is never made longer.
    if (Date.now() + ms >= endsAt) return
    endsAt = Date.now() + ms
    clearTimeout(late)
    late = setTimeout(() => {
      client.destroy()
      inside.destroy()
    }, ms).unref()
  }
  const carry = (from: Duplex, to: Duplex) => {
    from.on('error', () => {})
    from.once('end', () => bound(halfOpenMs))
    from.once('close', () => {
      bound(linger)
      // Also after a failure, whose `end` does not come. What `to` still says is read by nobody.
      to.end()
      to.resume()
    })
    from.pipe(to)
    // Its close has been told before anybody listened.
    if (from.destroyed) to.destroy()
  }
  carry(client, inside)
  carry(inside, client)
  await Promise.all([client, inside].map((each) => each.closed || new Promise<void>((resolve) => each.once('close', resolve))))
  clearTimeout(late)
}
