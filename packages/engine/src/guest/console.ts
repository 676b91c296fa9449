import type { Duplex } from 'node:stream'
import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { WithPort } from './guest.ts'

/** Opens the raw serial line of a VM; one holder at a time. Throws `machine_unreachable` when the VM is off. */
export async function openConsole({ ports }: WithPort<'console'>): Promise<Duplex> {
  const line = await ports.console().catch((error: Error) => {
    throw guestUnreachable(`its console is closed (${error.message}).`)
  })
  // The end of the VM shows as the end of the stream.
  line.on('error', () => {})
  return line
}
