import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { machineUnreachable, portClosed } from '@ramet/model/errors/errors.ts'
import type { LiveMachine } from '../run/live-run.ts'

/** A guest that is up answers a SYN at once, even under TCG on a busy host; one whose firewall drops it never does. */
const connectWithinMs = 5_000

/**
 * A TCP connection to a port of a machine, by its address on the host. What listens on the guest's loopback alone is reached from inside, over the platform's own
 * connection. That is slower, since it is encrypted in the guest, so it comes second.
 */
export async function dialMachine({ name, address, link }: LiveMachine, port: number): Promise<Duplex> {
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw portClosed(name, port)
  const direct = address === undefined ? 'unreachable' : await tcp(address, port)
  if (typeof direct !== 'string') return direct
  const inside = await link.dial(port)
  if (inside) return inside
  if (direct === 'silent') throw machineUnreachable(name, `its port ${port} does not answer.`)
  throw portClosed(name, port)
}

/** `refused`: nothing listens there. `silent`: no answer in time. */
function tcp(address: string, port: number): Promise<Duplex | 'refused' | 'silent' | 'unreachable'> {
  const { promise, resolve } = Promise.withResolvers<Duplex | 'refused' | 'silent' | 'unreachable'>()
  const socket = connect({ host: address, port })
  const fail = (why: 'refused' | 'silent' | 'unreachable') => {
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
