import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { freeBytes, writeFileAtomically } from '@ramet/engine'

/** Size of the reserve: several times the store's log between two checkpoints (4 MB; sqlite.org/wal.html). */
const reserveBytes = 16 * 1024 ** 2
/** Free space at which the disk counts as full: with less a guest's next cluster (128 KiB) may not fit. With more, a guest that still writes would use up the reserve. */
const littleBytes = 1024 ** 2
/** Free space at which the reserve is made again, so that it is not taken from a guest that just got space. */
const plentyBytes = 256 * 1024 ** 2
const lookEveryMs = 2_000

/**
 * A file that reserves space on the home's disk and is deleted when the disk is full. Guests that fill the disk are then paused (QEMU's `werror`), but the
 * server can still start and record that a run is to be destroyed, which frees space.
 */
export class Reserve {
  readonly #home: string
  readonly #file: string
  readonly #timer: NodeJS.Timeout

  private constructor(home: string, file: string, onError: (error: unknown) => void) {
    this.#home = home
    this.#file = file
    this.#timer = setInterval(() => void this.look().catch(onError), lookEveryMs)
    this.#timer.unref()
  }

  /** Checks the disk at once. Call it before anything is written to the home. */
  static async open(home: string, onError: (error: unknown) => void): Promise<Reserve> {
    const reserve = new Reserve(home, join(home, 'reserve'), onError)
    await reserve.look()
    return reserve
  }

  async look(): Promise<void> {
    const free = await freeBytes(this.#home)
    const isThere = await stat(this.#file).then(Boolean, () => false)
    if (isThere && free < littleBytes) await rm(this.#file, { force: true })
    if (!isThere && free > plentyBytes) await writeFileAtomically(this.#file, Buffer.alloc(reserveBytes), 0o600)
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }
}
