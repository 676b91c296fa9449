import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { freeBytes, writeFileAtomically } from '@ramet/engine'

/** Several times what the store's log may want between two checkpoints (4 MB; sqlite.org/wal.html). */
const reserveBytes = 16 * 1024 ** 2
/** The disk is full: less and a guest's next cluster (128 KiB) may not fit. Not earlier, or a guest that is still writing would take the reserve. */
const littleBytes = 1024 ** 2
/** Not before there is this much again, so that it is not taken from a guest that has just been given room. */
const plentyBytes = 256 * 1024 ** 2
const lookEveryMs = 2_000

/**
 * A file that takes room on the home's disk and is deleted when the disk is full. Guests that fill the disk are paused then (QEMU's `werror`), but the
 * server can still start and write down that a run is to be destroyed, which is what makes space.
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

  /** Looks at once: call it before anything is written to the home. */
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
