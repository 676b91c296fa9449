import type { Duplex } from 'node:stream'
import { duplexOf } from '@ramet/engine'
import { portClosed } from '@ramet/model/errors/errors.ts'
import type { Machines, User } from '../services.ts'

/** A machine, from whose network a connection is made. */
export interface From {
  readonly runId: string
  readonly machine: string
}

/** The machine itself, however its user or a client spells it. */
const itself: ReadonlySet<string> = new Set(['', 'localhost', '127.0.0.1', '::1', '[::1]', '0.0.0.0'])

/**
 * Opens a TCP connection as the machine would: to one of its own ports, or to a host by the name and the network that it has. Throws `port_closed`; for other hosts a
 * connection that is refused ends at once, as the machine's own would.
 */
export async function reach(
  machines: Pick<Machines, 'dial' | 'exec'>,
  user: User,
  { runId, machine }: From,
  host: string,
  port: number,
): Promise<Duplex> {
  if (itself.has(host) || host === machine) return machines.dial(user, runId, machine, port)
  if (!/^[A-Za-z0-9][A-Za-z0-9._:-]{0,252}$/.test(host) || !Number.isInteger(port) || port < 1 || port > 65535)
    throw portClosed(machine, port)
  return duplexOf(await machines.exec(user, runId, machine, `exec /run/ramet/busybox nc ${host} ${port}`, {}))
}
