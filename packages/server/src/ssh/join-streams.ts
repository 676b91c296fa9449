import type { Duplex } from 'node:stream'
import type { Channel } from 'ssh2'

/** How long a connection stays once its channel is closed: what was sent last is still on its way, and whoever reads it closes then. */
const lingerMs = 30_000
const nothing = Buffer.alloc(0)

/**
 * Joins a channel of SSH with a connection in a machine. Each direction ends by itself, as TCP's do: `nc -N` goes on reading. The end of both, of the connection, or of the channel
 * ends the rest, once it has what was sent.
 */
export function joinStreams(channel: Duplex & Pick<Channel, 'eof'>, inside: Duplex): void {
  channel.on('error', () => inside.destroy())
  // Its close follows, and ends the channel once it has what was read.
  inside.on('error', () => {})
  // ssh2 tells of the end of the input and of the close in one breath: here nothing of the input has gone further than our buffers.
  channel.once('close', () => {
    inside.end()
    linger(inside)
  })
  inside.once('close', () => channel.end())
  channel.pipe(inside).pipe(channel, { end: false })
  // The end of a channel of ssh2's server closes it (1.17.0, Channel.js `onFinish`), so it is the last thing that is said.
  // Its EOF goes past what waits for the client's window; an empty piece does not.
  inside.once('end', () => channel.write(nothing, () => (channel.readableEnded ? channel.end() : channel.eof())))
  channel.once('end', () => inside.readableEnded && channel.end())
}

/** Lets a connection take what was sent last, for a while; what it still says is read by nobody. */
export function linger(inside: Duplex): void {
  const late = setTimeout(() => inside.destroy(), lingerMs).unref()
  inside.once('close', () => clearTimeout(late))
  inside.resume()
}
