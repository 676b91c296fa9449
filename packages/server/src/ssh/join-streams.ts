import type { Duplex } from 'node:stream'

/** Joins a channel of SSH with a connection in a machine; the end of either ends both. */
export function joinStreams(channel: Duplex, inside: Duplex): void {
  channel.on('error', () => inside.destroy())
  inside.on('error', () => channel.destroy())
  channel.once('close', () => inside.destroy())
  inside.once('close', () => channel.end())
  channel.pipe(inside).pipe(channel)
}
