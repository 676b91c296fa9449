import { RametError } from './error.ts'

/** Another published port, or another program of the host, has it. */
export const hostPortTaken = (where: string) =>
  new RametError('host_port_taken', 409, `${where} is taken on the host.`, {
    hint: 'Choose another one, or 0 for any that is free.',
  })

/** Neither this user nor, perhaps, the server itself may open it. */
export const hostPortRefused = (where: string, why: string) =>
  new RametError('host_port_not_permitted', 403, `${where} may not be opened: ${why}.`, {
    hint: 'Choose a port from 1024 on, and no --listen. An admin may open others.',
  })

export const hostAddressUnknown = (address: string) =>
  new RametError('host_address_unknown', 400, `The host has no address ${address}.`, {
    hint: 'See which it has: ip address. 0.0.0.0 means all.',
  })

export const hostPortsOff = () =>
  new RametError('host_ports_off', 403, 'This server opens no ports of its host for runs.', {
    hint: 'Its --host-ports says so. HTTP goes without: ramet expose RUN PORT. So does: ramet port-forward RUN PORT',
  })
