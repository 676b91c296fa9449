import type { Duplex } from 'node:stream'
import { machineUnreachable, portClosed } from '@ramet/model/errors/errors.ts'
import type { Networks } from '../network/network.ts'
import type { LiveMachine } from '../run/live-run.ts'

/**
 * Opens a TCP connection to a port of a machine, by its address on the host. A service that listens only on the guest's loopback is reached over the platform's own
 * connection. That is slower, since all of the machine's channels share it, so it is tried second.
 */
export async function dialMachine(
  { dial }: Pick<Networks, 'dial'>,
  { name, address, link }: LiveMachine,
  port: number,
): Promise<Duplex> {
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw portClosed(name, port)
  const direct = address === undefined ? 'unreachable' : await dial(address, port)
  if (typeof direct !== 'string') return direct
  const inside = await link.dial(port)
  if (inside) return inside
  if (direct === 'silent') throw machineUnreachable(name, `its port ${port} does not answer.`)
  throw portClosed(name, port)
}
