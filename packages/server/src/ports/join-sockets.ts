import type { Duplex } from 'node:stream'

/** How long the rest may take once one side has ended: what was sent last is still on its way. */
const lingerMs = 30_000

/**
 * Joins the two connections of a websocket. Each direction ends by itself, so that what was sent last arrives; nobody waits long for the other side's end. Resolves when both are
 * closed, and never rejects.
 */
export async function joinSockets(client: Duplex, inside: Duplex, withinMs = lingerMs): Promise<void> {
  let late: NodeJS.Timeout | undefined
  const bound = () => {
    late ??= setTimeout(() => {
      client.destroy()
      inside.destroy()
    }, withinMs).unref()
  }
  const carry = (from: Duplex, to: Duplex) => {
    from.on('error', () => {})
    from.once('end', bound)
    from.once('close', () => {
      bound()
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
