import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { Vm } from '../vmm/vmm.ts'

/** The raw serial line of a VM; one holder at a time. Throws `machine_unreachable` when the VM is off. */
export function openConsole(vm: Pick<Vm, 'consoleSocket'>): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
  const socket = connect({ path: vm.consoleSocket })
  const refused = (error: Error) => reject(guestUnreachable(`its console is closed (${error.message}).`))
  socket.once('error', refused)
  socket.once('connect', () => {
    socket.off('error', refused)
    // The end of the VM shows as the end of the stream.
    socket.on('error', () => {})
    resolve(socket)
  })
  return promise
}
