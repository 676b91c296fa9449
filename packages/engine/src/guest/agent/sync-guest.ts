import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { GuestLink } from '../guest.ts'

/**
 * All that was written in the guest is on its drives. By a program of the platform's: a login shell of the guest's may be slow to start, or whatever its owner made of
 * it. Throws `machine_unreachable`.
 */
export async function syncGuest(link: GuestLink, timeoutMs: number): Promise<void> {
  const { code, stderr } = await link.tool(['busybox', 'sync'], { timeoutMs })
  if (code !== 0) throw guestUnreachable(`its disks could not be flushed (${stderr.trim() || code}).`)
}
