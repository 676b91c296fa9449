import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { DialFailure } from './network.ts'

/** A guest that is up answers a SYN at once, even under TCG on a busy host; one whose firewall drops it never does. */
const connectWithinMs = 5_000

export function dialTcp(address: string, port: number): Promise<Duplex | DialFailure> {
  const { promise, resolve } = Promise.withResolvers<Duplex | DialFailure>()
  const socket = connect({ host: address, port })
  const fail = (why: DialFailure) => {
    clearTimeout(timer)
    socket.destroy()
    resolve(why)
  }
  const timer = setTimeout(() => fail('silent'), connectWithinMs)
  const failed = (error: NodeJS.ErrnoException) => fail(error.code === 'ECONNREFUSED' ? 'refused' : 'unreachable')
  socket.on('error', failed)
  socket.once('connect', () => {
    clearTimeout(timer)
    socket.off('error', failed)
    resolve(socket)
  })
  return promise
}
