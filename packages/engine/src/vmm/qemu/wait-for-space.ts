import { setTimeout as delay } from 'node:timers/promises'
import { freeBytes } from '../../disk/space.ts'

/** Enough that the guest does not stop again at its next write. */
const enoughBytes = 64 * 1024 * 1024
const lookEveryMs = 1_000

/** QEMU pauses a VM whose write found the host's disk full, and repeats the write on `cont` (`werror=enospc`, its default). */
export const waitsForSpace = (status: string): boolean => status === 'io-error'

/** Resolves once there is room under `folder` again, or when `isOver` says that nobody waits any more. */
export async function untilSpace(folder: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const free = await freeBytes(folder).catch(() => 0)
    if (free >= enoughBytes) return
    await delay(lookEveryMs, undefined, { ref: false })
  }
}
