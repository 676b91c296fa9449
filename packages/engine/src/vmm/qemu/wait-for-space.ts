import { setTimeout as delay } from 'node:timers/promises'
import { freeBytes } from '../../disk/space.ts'

/** Free space at which a guest goes on, enough that its next write does not stop it again. */
const enoughBytes = 64 * 1024 * 1024
const lookEveryMs = 1_000

/** QEMU pauses a VM whose write found the host's disk full, and repeats the write on `cont` (`werror=enospc`, its default). */
export const waitsForSpace = (status: string): boolean => status === 'io-error'

/** Resolves once there is space under `folder` again, or when `isOver` returns true. */
export async function untilSpace(folder: string, isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const free = await freeBytes(folder).catch(() => 0)
    if (free >= enoughBytes) return
    await delay(lookEveryMs, undefined, { ref: false })
  }
}
