import { guestUnreachable } from '@ramet/model/errors/errors.ts'
import type { GuestLink } from '../guest.ts'

/**
 * Syncs the guest's filesystems to its drives. It uses a program of the platform: the guest's login shell may be slow to start, or changed by its owner.
 * Throws `machine_unreachable`.
 */
export async function syncGuest(link: GuestLink, timeoutMs: number): Promise<void> {
  const { code, stderr } = await link.tool(['busybox', 'sync'], { timeoutMs })
  if (code !== 0) throw guestUnreachable(`its disks could not be flushed (${stderr.trim() || code}).`)
}
