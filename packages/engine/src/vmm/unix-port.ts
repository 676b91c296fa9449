import { connect } from 'node:net'
import type { Duplex } from 'node:stream'
import type { VmPort } from './vmm.ts'

/** A port that the VM's process serves as a unix socket. */
export const unixPort =
  (path: string): VmPort =>
  () => {
    const { promise, resolve, reject } = Promise.withResolvers<Duplex>()
    const socket = connect({ path })
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
    return promise
  }
