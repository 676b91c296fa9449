import { type Actor, can, platform } from '@ramet/model/access/can.ts'
import type { ExposePort } from '@ramet/model/api/ports.ts'
import { invalidInput } from '@ramet/model/errors/errors.ts'
import { hostPortRefused, hostPortsOff } from '@ramet/model/errors/host-port-errors.ts'
import type { WantedDoor } from './host-ports.ts'

/** Below it ports mean what they are known for (RFC 6335): mail, names, the web. */
const firstFree = 1024
const loopback = ['127.0.0.1', '::1']

/**
 * The port of the host that is asked for, if this user may have it. `address`: where the server opens such ports unless told otherwise; undefined: nowhere. Throws host_ports_off,
 * host_port_not_permitted, invalid_input.
 */
export function wantedDoor(
  user: Actor,
  { protocol, hostPort, listen, tls, hostRewrite, pathRewrite }: Omit<ExposePort, 'machine' | 'number' | 'access'>,
  address: string | undefined,
): WantedDoor | undefined {
  if (protocol !== 'tcp' && protocol !== 'udp') {
    if (hostPort == null && listen === undefined) return undefined
    throw invalidInput('A port of the host is for the protocol tcp or udp.', 'protocol')
  }
  if (tls || hostRewrite !== undefined || pathRewrite !== undefined)
    throw invalidInput('What goes through a port of the host is not rewritten.', 'protocol')
  if (address === undefined) throw hostPortsOff()
  const port = hostPort ?? 0
  const wanted = { protocol, address: listen ?? address, port }
  if (can(user, 'host.publish', platform)) return wanted
  if (port !== 0 && port < firstFree)
    throw hostPortRefused(`The port ${port} of the host`, `those below ${firstFree} are for admins`)
  if (wanted.address !== address && !loopback.includes(wanted.address))
    throw hostPortRefused(`A port of ${wanted.address}`, 'other addresses than the server’s own choice are for admins')
  return wanted
}
